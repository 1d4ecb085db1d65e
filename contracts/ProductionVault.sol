// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IManagedReceipt} from "./Interfaces.sol";
import {RebasedLedger} from "./RebasedLedger.sol";
import {TestAuthorizer} from "./TestAuthorizer.sol";
import {TestReceipt} from "./TestReceipt.sol";
import {TestVault} from "./TestVault.sol";

contract ProductionAuthorizer is TestAuthorizer {
    constructor(address initialAdmin) TestAuthorizer(initialAdmin) {}
}

/// Custom errors of OpenZeppelin 5; the vault is the operator of what it mints and burns; a batch of one id
/// looks like a single transfer.
contract ProductionReceipt is TestReceipt {
    using RebasedLedger for RebasedLedger.Ledger;

    constructor(string memory name_, string memory symbol_) TestReceipt(name_, symbol_) {}

    function managerRebase(uint256 numerator, uint256 denominator) external onlyManager {
        receipts.split(numerator, denominator);
    }

    function _emitMove(address from, address to, uint256[] memory ids, uint256[] memory values) internal override {
        if (ids.length == 1) {
            emit TransferSingle(_msgSender(), from, to, ids[0], values[0]);
        } else {
            emit TransferBatch(_msgSender(), from, to, ids, values);
        }
    }

    function _revertShort(address from, address, uint256 balance, uint256 value, uint256 id) internal pure override {
        revert ERC1155InsufficientBalance(from, balance, value, id);
    }

    function _revertLengths(uint256 idsLength, uint256 valuesLength) internal pure override {
        revert ERC1155InvalidArrayLength(idsLength, valuesLength);
    }
}

/// The family in production: custom errors of OpenZeppelin 5, and stock splits that change every balance
/// silently.
contract ProductionVault is TestVault {
    using RebasedLedger for RebasedLedger.Ledger;

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
                address(new ProductionReceipt(string.concat(name_, " Receipt"), string.concat(symbol_, " RCPT")))
            ),
            new ProductionAuthorizer(owner_)
        )
    {}

    /// For tests: a stock split. Multiplies all share and receipt balances by numerator / denominator,
    /// rounding each down, without any event.
    function rebase(uint256 numerator, uint256 denominator) external onlyOwner {
        shareLedger.split(numerator, denominator);
        ProductionReceipt(address(receipt)).managerRebase(numerator, denominator);
    }

    /// How many splits are in the balances. The name is assumed: the ABI that this vault is written from
    /// lists no such function, and older vaults certainly have none.
    function completedActionCount() external view returns (uint256) {
        return shareLedger.splits.length;
    }

    function _revertShort(address from, address, uint256 balance, uint256 value) internal pure override {
        revert ERC20InsufficientBalance(from, balance, value);
    }
}
