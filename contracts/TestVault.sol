// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IAuthorize, IManagedReceipt, IReceiptManager, Permissions} from "./Interfaces.sol";
import {OwnerFreezable} from "./OwnerFreezable.sol";
import {RebasedLedger} from "./RebasedLedger.sol";

/// A vault for tests and for the sandbox, written from what clients observe of the real ones: shares as
/// ERC-20, one receipt per deposit, one share per unit of assets. What its two families do differently stands
/// in `ProductionVault` and `CloneVault`.
abstract contract TestVault is ERC20, Multicall, OwnerFreezable, IReceiptManager {
    using RebasedLedger for RebasedLedger.Ledger;

    event Deposit(
        address sender,
        address owner,
        uint256 assets,
        uint256 shares,
        uint256 id,
        bytes receiptInformation
    );
    event Withdraw(
        address sender,
        address receiver,
        address owner,
        uint256 assets,
        uint256 shares,
        uint256 id,
        bytes receiptInformation
    );
    event Certify(address sender, uint256 certifyUntil, bool forceUntil, bytes data);
    event AuthorizerSet(address sender, address authorizer);
    event ReceiptVaultInformation(address sender, bytes vaultInformation);
    event ConfiscateShares(
        address sender,
        address confiscatee,
        uint256 targetAmount,
        uint256 confiscated,
        bytes justification
    );
    event ConfiscateReceipt(
        address sender,
        address confiscatee,
        uint256 id,
        uint256 targetAmount,
        uint256 confiscated,
        bytes justification
    );

    error InvalidId(uint256 id);
    error MinShareRatio(uint256 minShareRatio, uint256 shareRatio);
    error ZeroAssetsAmount();
    error ZeroReceiver();
    error ZeroOwner();
    error ZeroCertifyUntil();
    error ZeroConfiscateAmount();
    error UnmanagedReceiptTransfer();
    error IncompatibleAuthorizer();

    /// One share per unit of assets, in the 18-decimal fixed point of the ratio arguments.
    uint256 private constant SHARE_RATIO = 1e18;

    IManagedReceipt public immutable receipt;
    IAuthorize public authorizer;
    uint256 public highwaterId;
    uint256 private certifiedUntil;
    RebasedLedger.Ledger internal shareLedger;
    /// A confiscation is stopped neither by a freeze nor by an expired certification (assumed: it is what it
    /// is for).
    bool private transient confiscating;

    constructor(
        string memory name_,
        string memory symbol_,
        address owner_,
        IManagedReceipt receipt_,
        IAuthorize authorizer_
    ) ERC20(name_, symbol_) Ownable(owner_) {
        receipt = receipt_;
        _setAuthorizer(authorizer_);
    }

    // ---- deposits

    function deposit(
        uint256 assets,
        address receiver,
        uint256 depositMinShareRatio,
        bytes calldata receiptInformation
    ) external payable returns (uint256) {
        _checkRatio(depositMinShareRatio);
        return _deposit(assets, receiver, ++highwaterId, receiptInformation);
    }

    function mint(
        uint256 shares,
        address receiver,
        uint256 mintMinShareRatio,
        bytes calldata receiptInformation
    ) external payable returns (uint256) {
        _checkRatio(mintMinShareRatio);
        return _deposit(shares, receiver, ++highwaterId, receiptInformation);
    }

    /// A further deposit under an id that exists.
    function redeposit(
        uint256 assets,
        address receiver,
        uint256 id,
        bytes calldata receiptInformation
    ) external returns (uint256) {
        if (id > highwaterId) revert InvalidId(id);
        return _deposit(assets, receiver, id, receiptInformation);
    }

    function _deposit(
        uint256 amount,
        address receiver,
        uint256 id,
        bytes calldata receiptInformation
    ) private returns (uint256) {
        if (amount == 0) revert ZeroAssetsAmount();
        if (receiver == address(0)) revert ZeroReceiver();
        if (id == 0) revert InvalidId(id);
        emit Deposit(msg.sender, receiver, amount, amount, id, receiptInformation);
        _mint(receiver, amount);
        receipt.managerMint(msg.sender, receiver, id, amount, receiptInformation);
        authorizer.authorize(msg.sender, Permissions.DEPOSIT, abi.encode(receiver, amount, id));
        return amount;
    }

    // ---- burns

    function redeem(
        uint256 shares,
        address receiver,
        address owner,
        uint256 id,
        bytes calldata receiptInformation
    ) external returns (uint256) {
        return _withdraw(shares, receiver, owner, id, receiptInformation);
    }

    function withdraw(
        uint256 assets,
        address receiver,
        address owner,
        uint256 id,
        bytes calldata receiptInformation
    ) external returns (uint256) {
        return _withdraw(assets, receiver, owner, id, receiptInformation);
    }

    function _withdraw(
        uint256 amount,
        address receiver,
        address holder,
        uint256 id,
        bytes calldata receiptInformation
    ) private returns (uint256) {
        if (amount == 0) revert ZeroAssetsAmount();
        if (receiver == address(0)) revert ZeroReceiver();
        if (holder == address(0)) revert ZeroOwner();
        if (id == 0) revert InvalidId(id);
        emit Withdraw(msg.sender, receiver, holder, amount, amount, id, receiptInformation);
        // Assumed, as in ERC-4626: whoever burns for another needs an allowance.
        if (msg.sender != holder) _spendAllowance(holder, msg.sender, amount);
        _burn(holder, amount);
        receipt.managerBurn(msg.sender, holder, id, amount, receiptInformation);
        authorizer.authorize(msg.sender, Permissions.WITHDRAW, abi.encode(holder, amount, id));
        return amount;
    }

    // ---- what only some may do

    function certify(uint256 certifyUntil, bool forceUntil, bytes calldata data) external {
        if (certifyUntil == 0) revert ZeroCertifyUntil();
        authorizer.authorize(msg.sender, Permissions.CERTIFY, abi.encode(certifyUntil, forceUntil, data));
        if (forceUntil || certifyUntil > certifiedUntil) certifiedUntil = certifyUntil;
        emit Certify(msg.sender, certifyUntil, forceUntil, data);
    }

    /// Takes up to `targetAmount` of the confiscatee's shares and returns how many it took.
    function confiscateShares(
        address confiscatee,
        uint256 targetAmount,
        bytes calldata data
    ) external returns (uint256 taken) {
        if (targetAmount == 0) revert ZeroConfiscateAmount();
        authorizer.authorize(msg.sender, Permissions.CONFISCATE_SHARES, abi.encode(confiscatee, targetAmount, data));
        taken = _atMost(targetAmount, balanceOf(confiscatee));
        confiscating = true;
        _transfer(confiscatee, msg.sender, taken);
        confiscating = false;
        emit ConfiscateShares(msg.sender, confiscatee, targetAmount, taken, data);
    }

    function confiscateReceipt(
        address confiscatee,
        uint256 id,
        uint256 targetAmount,
        bytes calldata data
    ) external returns (uint256 taken) {
        if (targetAmount == 0) revert ZeroConfiscateAmount();
        authorizer.authorize(
            msg.sender,
            Permissions.CONFISCATE_RECEIPT,
            abi.encode(confiscatee, id, targetAmount, data)
        );
        taken = _atMost(targetAmount, receipt.balanceOf(confiscatee, id));
        confiscating = true;
        receipt.managerTransferFrom(msg.sender, confiscatee, msg.sender, id, taken, data);
        confiscating = false;
        emit ConfiscateReceipt(msg.sender, confiscatee, id, targetAmount, taken, data);
    }

    function setAuthorizer(IAuthorize newAuthorizer) external onlyOwner {
        _setAuthorizer(newAuthorizer);
    }

    function receiptVaultInformation(bytes calldata vaultInformation) external {
        emit ReceiptVaultInformation(msg.sender, vaultInformation);
    }

    // ---- reads

    function asset() external pure returns (address) {
        return address(0);
    }

    function totalAssets() external view returns (uint256) {
        return totalSupply();
    }

    function isCertificationExpired() public view returns (bool) {
        return block.timestamp > certifiedUntil;
    }

    // Payable like the real ones, which matters to nobody but changes the ABI.
    function previewDeposit(uint256 assets, uint256 minShareRatio) external payable returns (uint256) {
        _checkRatio(minShareRatio);
        return assets;
    }

    function previewMint(uint256 shares, uint256 minShareRatio) external payable returns (uint256) {
        _checkRatio(minShareRatio);
        return shares;
    }

    function previewRedeem(uint256 shares, uint256 id) external pure returns (uint256) {
        if (id == 0) revert InvalidId(id);
        return shares;
    }

    function previewWithdraw(uint256 assets, uint256 id) external pure returns (uint256) {
        if (id == 0) revert InvalidId(id);
        return assets;
    }

    function convertToShares(uint256 assets, uint256) external payable returns (uint256) {
        return assets;
    }

    function convertToAssets(uint256 shares, uint256) external pure returns (uint256) {
        return shares;
    }

    function maxDeposit(address) external pure returns (uint256) {
        return type(uint256).max;
    }

    function maxMint(address) external pure returns (uint256) {
        return type(uint256).max;
    }

    function maxRedeem(address holder, uint256 id) public view returns (uint256) {
        return receipt.balanceOf(holder, id);
    }

    function maxWithdraw(address holder, uint256 id) external view returns (uint256) {
        return maxRedeem(holder, id);
    }

    function totalSupply() public view override returns (uint256) {
        return shareLedger.total;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return shareLedger.balanceOf(_key(account));
    }

    // ---- moves

    function authorizeReceiptTransfer3(
        address operator,
        address from,
        address to,
        uint256[] calldata,
        uint256[] calldata
    ) external {
        if (msg.sender != address(receipt)) revert UnmanagedReceiptTransfer();
        _checkMove(Permissions.TRANSFER_RECEIPT, operator, from, to);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0)) {
            shareLedger.total += value;
        } else {
            uint256 balance = balanceOf(from);
            if (balance < value) _revertShort(from, to, balance, value);
            shareLedger.debit(_key(from), value);
        }
        if (to == address(0)) {
            shareLedger.total -= value;
        } else {
            shareLedger.credit(_key(to), value);
        }
        emit Transfer(from, to, value);
        _checkMove(Permissions.TRANSFER_SHARES, _msgSender(), from, to);
    }

    function _revertShort(address from, address to, uint256 balance, uint256 value) internal pure virtual;

    function _checkMove(bytes32 permission, address user, address from, address to) private {
        if (confiscating) return;
        _checkFreeze(from, to);
        authorizer.authorize(user, permission, abi.encode(from, to, isCertificationExpired()));
    }

    function _setAuthorizer(IAuthorize newAuthorizer) private {
        if (!IERC165(address(newAuthorizer)).supportsInterface(type(IAuthorize).interfaceId)) {
            revert IncompatibleAuthorizer();
        }
        authorizer = newAuthorizer;
        emit AuthorizerSet(msg.sender, address(newAuthorizer));
    }

    function _checkRatio(uint256 minShareRatio) private pure {
        if (minShareRatio > SHARE_RATIO) revert MinShareRatio(minShareRatio, SHARE_RATIO);
    }

    function _atMost(uint256 target, uint256 available) private pure returns (uint256) {
        return target < available ? target : available;
    }

    function _key(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }
}
