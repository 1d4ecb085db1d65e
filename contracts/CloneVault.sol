// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IManagedReceipt} from "./Interfaces.sol";
import {TestAuthorizer} from "./TestAuthorizer.sol";
import {TestReceipt} from "./TestReceipt.sol";
import {TestVault} from "./TestVault.sol";

/// The older family fails in the words of OpenZeppelin 4: `Error(string)` where the newer one has custom
/// errors.
contract CloneAuthorizer is TestAuthorizer {
    constructor(address initialAdmin) TestAuthorizer(initialAdmin) {}

    function renounceRole(bytes32 role, address account) public override {
        require(account == _msgSender(), "AccessControl: can only renounce roles for self");
        _revokeRole(role, account);
    }

    function _checkRole(bytes32 role, address account) internal view override {
        if (hasRole(role, account)) return;
        revert(
            string.concat(
                "AccessControl: account ",
                Strings.toHexString(account),
                " is missing role ",
                Strings.toHexString(uint256(role), 32)
            )
        );
    }
}

/// The caller of the vault is the operator of what the vault mints and burns; a batch of one id stays a
/// batch.
contract CloneReceipt is TestReceipt {
    /// The caller of the vault while the vault mints, burns or confiscates.
    address private transient actingFor;
    bool private transient inBatch;

    constructor(string memory name_, string memory symbol_) TestReceipt(name_, symbol_) {}

    modifier actsFor(address sender) {
        actingFor = sender;
        _;
        actingFor = address(0);
    }

    function managerMint(
        address sender,
        address account,
        uint256 id,
        uint256 amount,
        bytes calldata data
    ) public override actsFor(sender) {
        super.managerMint(sender, account, id, amount, data);
    }

    function managerBurn(
        address sender,
        address account,
        uint256 id,
        uint256 amount,
        bytes calldata data
    ) public override actsFor(sender) {
        super.managerBurn(sender, account, id, amount, data);
    }

    function managerTransferFrom(
        address sender,
        address from,
        address to,
        uint256 id,
        uint256 amount,
        bytes calldata data
    ) public override actsFor(sender) {
        super.managerTransferFrom(sender, from, to, id, amount, data);
    }

    function safeTransferFrom(
        address from,
        address to,
        uint256 id,
        uint256 value,
        bytes memory data
    ) public override {
        require(to != address(0), "ERC1155: transfer to the zero address");
        super.safeTransferFrom(from, to, id, value, data);
    }

    function safeBatchTransferFrom(
        address from,
        address to,
        uint256[] memory ids,
        uint256[] memory values,
        bytes memory data
    ) public override {
        require(to != address(0), "ERC1155: transfer to the zero address");
        super.safeBatchTransferFrom(from, to, ids, values, data);
    }

    function balanceOf(address account, uint256 id) public view override returns (uint256) {
        require(account != address(0), "ERC1155: address zero is not a valid owner");
        return super.balanceOf(account, id);
    }

    function balanceOfBatch(
        address[] memory accounts,
        uint256[] memory ids
    ) public view override returns (uint256[] memory) {
        require(accounts.length == ids.length, "ERC1155: accounts and ids length mismatch");
        return super.balanceOfBatch(accounts, ids);
    }

    function _msgSender() internal view override returns (address) {
        return actingFor == address(0) ? msg.sender : actingFor;
    }

    function _checkAuthorized(address operator, address holder) internal view override {
        require(
            holder == operator || isApprovedForAll(holder, operator),
            "ERC1155: caller is not token owner or approved"
        );
    }

    function _setApprovalForAll(address holder, address operator, bool approved) internal override {
        require(holder != operator, "ERC1155: setting approval status for self");
        super._setApprovalForAll(holder, operator, approved);
    }

    function _updateWithAcceptanceCheck(
        address from,
        address to,
        uint256[] memory ids,
        uint256[] memory values,
        bytes memory data,
        bool batch
    ) internal override {
        inBatch = batch;
        _update(from, to, ids, values);
        if (to.code.length > 0) _checkAccepted(from, to, ids, values, data, batch);
    }

    function _checkAccepted(
        address from,
        address to,
        uint256[] memory ids,
        uint256[] memory values,
        bytes memory data,
        bool batch
    ) private {
        bytes memory call = batch
            ? abi.encodeCall(IERC1155Receiver.onERC1155BatchReceived, (_msgSender(), from, ids, values, data))
            : abi.encodeCall(IERC1155Receiver.onERC1155Received, (_msgSender(), from, ids[0], values[0], data));
        (bool success, bytes memory answer) = to.call(call);
        require(success && answer.length >= 32, "ERC1155: transfer to non-ERC1155Receiver implementer");
        require(bytes4(answer) == bytes4(call), "ERC1155: ERC1155Receiver rejected tokens");
    }

    function _emitMove(address from, address to, uint256[] memory ids, uint256[] memory values) internal override {
        if (inBatch) {
            emit TransferBatch(_msgSender(), from, to, ids, values);
        } else {
            emit TransferSingle(_msgSender(), from, to, ids[0], values[0]);
        }
    }

    function _revertShort(address, address to, uint256, uint256, uint256) internal pure override {
        if (to == address(0)) revert("ERC1155: burn amount exceeds balance");
        revert("ERC1155: insufficient balance for transfer");
    }

    function _revertLengths(uint256, uint256) internal pure override {
        revert("ERC1155: ids and amounts length mismatch");
    }
}

contract CloneVault is TestVault {
    constructor(
        string memory name_,
        string memory symbol_,
        address owner_
    )
        TestVault(
            name_,
            symbol_,
            owner_,
            IManagedReceipt(
                address(new CloneReceipt(string.concat(name_, " Receipt"), string.concat(symbol_, " RCPT")))
            ),
            new CloneAuthorizer(owner_)
        )
    {}

    function increaseAllowance(address spender, uint256 addedValue) external returns (bool) {
        _approve(msg.sender, spender, allowance(msg.sender, spender) + addedValue);
        return true;
    }

    function decreaseAllowance(address spender, uint256 subtractedValue) external returns (bool) {
        uint256 current = allowance(msg.sender, spender);
        require(current >= subtractedValue, "ERC20: decreased allowance below zero");
        _approve(msg.sender, spender, current - subtractedValue);
        return true;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        require(to != address(0), "ERC20: transfer to the zero address");
        return super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        require(to != address(0), "ERC20: transfer to the zero address");
        return super.transferFrom(from, to, value);
    }

    function transferOwnership(address newOwner) public override onlyOwner {
        require(newOwner != address(0), "Ownable: new owner is the zero address");
        _transferOwnership(newOwner);
    }

    function _checkOwner() internal view override {
        require(owner() == _msgSender(), "Ownable: caller is not the owner");
    }

    function _approve(address holder, address spender, uint256 value, bool emitEvent) internal override {
        require(spender != address(0), "ERC20: approve to the zero address");
        super._approve(holder, spender, value, emitEvent);
    }

    function _spendAllowance(address holder, address spender, uint256 value) internal override {
        require(allowance(holder, spender) >= value, "ERC20: insufficient allowance");
        super._spendAllowance(holder, spender, value);
    }

    function _revertShort(address, address to, uint256, uint256) internal pure override {
        if (to == address(0)) revert("ERC20: burn amount exceeds balance");
        revert("ERC20: transfer amount exceeds balance");
    }
}
