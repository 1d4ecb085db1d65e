// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {IManagedReceipt, IReceiptManager} from "./Interfaces.sol";
import {RebasedLedger} from "./RebasedLedger.sol";

/// The ERC-1155 beside a vault: one id per deposit. Only the vault that created it mints and burns, and every
/// move is put before that vault.
abstract contract TestReceipt is ERC1155 {
    using RebasedLedger for RebasedLedger.Ledger;

    event ReceiptInformation(address sender, uint256 id, bytes information);

    error OnlyManager();

    address public immutable manager;
    string public name;
    string public symbol;
    RebasedLedger.Ledger internal receipts;

    modifier onlyManager() {
        if (msg.sender != manager) revert OnlyManager();
        _;
    }

    constructor(string memory name_, string memory symbol_) ERC1155("") {
        manager = msg.sender;
        name = name_;
        symbol = symbol_;
    }

    /// Open to everyone: the vaults do it that way, so clients must not trust this event.
    function receiptInformation(uint256 id, bytes calldata data) external {
        _inform(msg.sender, id, data);
    }

    function managerMint(
        address sender,
        address account,
        uint256 id,
        uint256 amount,
        bytes calldata data
    ) public virtual onlyManager {
        _inform(sender, id, data);
        _mint(account, id, amount, data);
    }

    function managerBurn(
        address sender,
        address account,
        uint256 id,
        uint256 amount,
        bytes calldata data
    ) public virtual onlyManager {
        _inform(sender, id, data);
        _burn(account, id, amount);
    }

    function managerTransferFrom(
        address,
        address from,
        address to,
        uint256 id,
        uint256 amount,
        bytes calldata data
    ) public virtual onlyManager {
        _safeTransferFrom(from, to, id, amount, data);
    }

    function balanceOf(address account, uint256 id) public view virtual override returns (uint256) {
        return receipts.balanceOf(_key(account, id));
    }

    function _update(
        address from,
        address to,
        uint256[] memory ids,
        uint256[] memory values
    ) internal virtual override {
        if (ids.length != values.length) _revertLengths(ids.length, values.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            if (from != address(0)) {
                uint256 balance = receipts.balanceOf(_key(from, ids[i]));
                if (balance < values[i]) _revertShort(from, to, balance, values[i], ids[i]);
                receipts.debit(_key(from, ids[i]), values[i]);
            }
            if (to != address(0)) receipts.credit(_key(to, ids[i]), values[i]);
        }
        _emitMove(from, to, ids, values);
        IReceiptManager(manager).authorizeReceiptTransfer3(_msgSender(), from, to, ids, values);
    }

    function _emitMove(address from, address to, uint256[] memory ids, uint256[] memory values) internal virtual;

    function _revertShort(address from, address to, uint256 balance, uint256 value, uint256 id) internal pure virtual;

    function _revertLengths(uint256 idsLength, uint256 valuesLength) internal pure virtual;

    function _inform(address sender, uint256 id, bytes calldata data) private {
        if (data.length > 0) emit ReceiptInformation(sender, id, data);
    }

    function _key(address account, uint256 id) private pure returns (bytes32) {
        return keccak256(abi.encode(account, id));
    }
}
