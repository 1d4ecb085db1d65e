// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// A member of the vault asks here whether a call may go on. Reverts when it may not.
interface IAuthorize {
    error Unauthorized(address user, bytes32 permission, bytes data);
    error CertificationExpired(address from, address to);

    function authorize(address user, bytes32 permission, bytes calldata data) external;
}

/// What the vault, as manager, may do with its receipt contract. `sender` is the caller of the vault.
interface IManagedReceipt {
    function manager() external view returns (address);

    function balanceOf(address account, uint256 id) external view returns (uint256);

    function managerMint(address sender, address account, uint256 id, uint256 amount, bytes calldata data) external;

    function managerBurn(address sender, address account, uint256 id, uint256 amount, bytes calldata data) external;

    function managerTransferFrom(
        address sender,
        address from,
        address to,
        uint256 id,
        uint256 amount,
        bytes calldata data
    ) external;
}

/// Every move of a receipt, mint and burn included, is put before its manager.
interface IReceiptManager {
    function authorizeReceiptTransfer3(
        address operator,
        address from,
        address to,
        uint256[] calldata ids,
        uint256[] calldata amounts
    ) external;
}

/// Roles are the hash of their name; a role is administered by `<NAME>_ADMIN`.
library Permissions {
    bytes32 internal constant DEPOSIT = keccak256("DEPOSIT");
    bytes32 internal constant WITHDRAW = keccak256("WITHDRAW");
    bytes32 internal constant CERTIFY = keccak256("CERTIFY");
    bytes32 internal constant CONFISCATE_SHARES = keccak256("CONFISCATE_SHARES");
    bytes32 internal constant CONFISCATE_RECEIPT = keccak256("CONFISCATE_RECEIPT");
    /// Not roles: moves that are free to all while the vault is certified.
    bytes32 internal constant TRANSFER_SHARES = keccak256("TRANSFER_SHARES");
    bytes32 internal constant TRANSFER_RECEIPT = keccak256("TRANSFER_RECEIPT");
}
