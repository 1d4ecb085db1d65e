// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IAuthorize, Permissions} from "./Interfaces.sol";

/// Holds the roles of one vault, and knows who may still mint and burn when the vault's certification has
/// expired.
abstract contract TestAuthorizer is IAuthorize, AccessControl {
    error ZeroInitialAdmin();

    constructor(address initialAdmin) {
        if (initialAdmin == address(0)) revert ZeroInitialAdmin();
        _administer(Permissions.DEPOSIT, keccak256("DEPOSIT_ADMIN"), initialAdmin);
        _administer(Permissions.WITHDRAW, keccak256("WITHDRAW_ADMIN"), initialAdmin);
        _administer(Permissions.CERTIFY, keccak256("CERTIFY_ADMIN"), initialAdmin);
        _administer(Permissions.CONFISCATE_SHARES, keccak256("CONFISCATE_SHARES_ADMIN"), initialAdmin);
        _administer(Permissions.CONFISCATE_RECEIPT, keccak256("CONFISCATE_RECEIPT_ADMIN"), initialAdmin);
    }

    function authorize(address user, bytes32 permission, bytes calldata data) external view {
        if (permission == Permissions.TRANSFER_SHARES || permission == Permissions.TRANSFER_RECEIPT) {
            (address from, address to, bool certificationExpired) = abi.decode(data, (address, address, bool));
            if (certificationExpired && !_isExempt(from, to)) revert CertificationExpired(from, to);
        } else if (!hasRole(permission, user)) {
            revert Unauthorized(user, permission, data);
        }
    }

    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IAuthorize).interfaceId || super.supportsInterface(interfaceId);
    }

    function _isExempt(address from, address to) private view returns (bool) {
        if (from == address(0)) return hasRole(Permissions.DEPOSIT, to);
        return to == address(0) && hasRole(Permissions.WITHDRAW, from);
    }

    function _administer(bytes32 role, bytes32 adminRole, address admin) private {
        _setRoleAdmin(role, adminRole);
        // An admin may appoint and dismiss admins of the same role.
        _setRoleAdmin(adminRole, adminRole);
        _grantRole(adminRole, admin);
    }
}
