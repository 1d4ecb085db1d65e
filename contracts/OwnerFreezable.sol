// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// The owner may stop every move until a moment, save for addresses on two lists. Assumed from the two
/// timestamps in each event: a freeze or a protection is only ever lengthened, and an address cannot leave
/// its list while it is protected.
abstract contract OwnerFreezable is Ownable {
    event OwnerFrozenUntil(address owner, uint256 targetTimestamp, uint256 actualTimestamp);
    event OwnerFreezeAlwaysAllowedFrom(
        address owner,
        address from,
        uint256 targetProtectedUntil,
        uint256 protectedUntil
    );
    event OwnerFreezeAlwaysAllowedTo(address owner, address to, uint256 targetProtectedUntil, uint256 protectedUntil);

    error OwnerFrozen(uint256 freezeUntil, address from, address to);
    error OwnerFreezeAlwaysAllowedFromZero(address from);
    error OwnerFreezeAlwaysAllowedToZero(address to);
    error OwnerFreezeAlwaysAllowedFromProtected(address from, uint256 protectedUntil);
    error OwnerFreezeAlwaysAllowedToProtected(address to, uint256 protectedUntil);

    uint256 public ownerFrozenUntil;
    mapping(address from => uint256 protectedUntil) public ownerFreezeAlwaysAllowedFrom;
    mapping(address to => uint256 protectedUntil) public ownerFreezeAlwaysAllowedTo;

    function ownerFreezeUntil(uint256 freezeUntil) external onlyOwner {
        if (freezeUntil > ownerFrozenUntil) ownerFrozenUntil = freezeUntil;
        emit OwnerFrozenUntil(msg.sender, freezeUntil, ownerFrozenUntil);
    }

    function ownerFreezeAlwaysAllowFrom(address from, uint256 protectUntil) external onlyOwner {
        if (protectUntil == 0) revert OwnerFreezeAlwaysAllowedFromZero(from);
        if (protectUntil > ownerFreezeAlwaysAllowedFrom[from]) ownerFreezeAlwaysAllowedFrom[from] = protectUntil;
        emit OwnerFreezeAlwaysAllowedFrom(msg.sender, from, protectUntil, ownerFreezeAlwaysAllowedFrom[from]);
    }

    function ownerFreezeAlwaysAllowTo(address to, uint256 protectUntil) external onlyOwner {
        if (protectUntil == 0) revert OwnerFreezeAlwaysAllowedToZero(to);
        if (protectUntil > ownerFreezeAlwaysAllowedTo[to]) ownerFreezeAlwaysAllowedTo[to] = protectUntil;
        emit OwnerFreezeAlwaysAllowedTo(msg.sender, to, protectUntil, ownerFreezeAlwaysAllowedTo[to]);
    }

    function ownerFreezeStopAlwaysAllowingFrom(address from) external onlyOwner {
        uint256 protectedUntil = ownerFreezeAlwaysAllowedFrom[from];
        if (block.timestamp < protectedUntil) revert OwnerFreezeAlwaysAllowedFromProtected(from, protectedUntil);
        delete ownerFreezeAlwaysAllowedFrom[from];
        emit OwnerFreezeAlwaysAllowedFrom(msg.sender, from, 0, 0);
    }

    function ownerFreezeStopAlwaysAllowingTo(address to) external onlyOwner {
        uint256 protectedUntil = ownerFreezeAlwaysAllowedTo[to];
        if (block.timestamp < protectedUntil) revert OwnerFreezeAlwaysAllowedToProtected(to, protectedUntil);
        delete ownerFreezeAlwaysAllowedTo[to];
        emit OwnerFreezeAlwaysAllowedTo(msg.sender, to, 0, 0);
    }

    function _checkFreeze(address from, address to) internal view {
        if (block.timestamp >= ownerFrozenUntil) return;
        if (ownerFreezeAlwaysAllowedFrom[from] != 0 || ownerFreezeAlwaysAllowedTo[to] != 0) return;
        revert OwnerFrozen(ownerFrozenUntil, from, to);
    }
}
