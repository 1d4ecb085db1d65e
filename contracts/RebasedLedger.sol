// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// Balances that a stock split multiplies without touching them: each entry catches up with the splits since
/// its last change whenever it is read or written, rounding down. The sum of entries may fall short of the
/// total by that.
library RebasedLedger {
    struct Split {
        uint256 numerator;
        uint256 denominator;
    }

    struct Entry {
        uint256 balance;
        uint256 splitsApplied;
    }

    struct Ledger {
        mapping(bytes32 key => Entry) entries;
        Split[] splits;
        uint256 total;
    }

    function balanceOf(Ledger storage ledger, bytes32 key) internal view returns (uint256 balance) {
        Entry storage entry = ledger.entries[key];
        balance = entry.balance;
        for (uint256 i = entry.splitsApplied; i < ledger.splits.length; ++i) {
            balance = Math.mulDiv(balance, ledger.splits[i].numerator, ledger.splits[i].denominator);
        }
    }

    function credit(Ledger storage ledger, bytes32 key, uint256 amount) internal {
        _write(ledger, key, balanceOf(ledger, key) + amount);
    }

    function debit(Ledger storage ledger, bytes32 key, uint256 amount) internal {
        _write(ledger, key, balanceOf(ledger, key) - amount);
    }

    function split(Ledger storage ledger, uint256 numerator, uint256 denominator) internal {
        ledger.splits.push(Split(numerator, denominator));
        ledger.total = Math.mulDiv(ledger.total, numerator, denominator);
    }

    function _write(Ledger storage ledger, bytes32 key, uint256 balance) private {
        ledger.entries[key] = Entry(balance, ledger.splits.length);
    }
}
