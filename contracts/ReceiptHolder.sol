// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";

/// A contract that accepts receipts; one that does not implement this cannot be deposited to.
contract ReceiptHolder is ERC1155Holder {}
