import { parseAbi } from 'viem';

/**
 * What the service uses of a vault, its receipt and its authorizer, and every error that any of them is known
 * to revert with. `completedActionCount` is assumed: only vaults that rebase on stock splits have it.
 */

/** What `Deposit` and `Withdraw` end with. */
const DEPOSITED = 'uint256 assets, uint256 shares, uint256 id, bytes receiptInformation';
/** What the moves of receipts begin with. */
const MOVED = 'address indexed operator, address indexed from, address indexed to';

const vaultFunctions = parseAbi([
  'function deposit(uint256 assets, address to, uint256 minRatio, bytes info) payable returns (uint256)',
  'function redeem(uint256 shares, address to, address owner, uint256 id, bytes info) returns (uint256)',
  'function transfer(address to, uint256 amount) returns (bool)',
  'function multicall(bytes[] data) returns (bytes[] results)',
  'function receipt() view returns (address)',
  'function authorizer() view returns (address)',
  'function decimals() view returns (uint8)',
  'function symbol() view returns (string)',
  'function balanceOf(address account) view returns (uint256)',
  'function totalSupply() view returns (uint256)',
  'function highwaterId() view returns (uint256)',
  'function completedActionCount() view returns (uint256)',
]);

/** Events of the vault whose arguments matter. No parameter of `Deposit` and `Withdraw` is indexed. */
const vaultEvents = parseAbi([
  `event Deposit(address sender, address owner, ${DEPOSITED})`,
  `event Withdraw(address sender, address receiver, address owner, ${DEPOSITED})`,
  'event Transfer(address indexed from, address indexed to, uint256 value)',
]);

const receiptEvents = parseAbi([
  'event ReceiptInformation(address sender, uint256 id, bytes information)',
  `event TransferSingle(${MOVED}, uint256 id, uint256 value)`,
  `event TransferBatch(${MOVED}, uint256[] ids, uint256[] values)`,
]);

/** The events whose arguments are decoded. */
export const decodedEvents = [...vaultEvents, ...receiptEvents] as const;

/** Further events, known by name only: their parameters are unnamed here. */
export const namedEvents = parseAbi([
  'event Approval(address indexed, address indexed, uint256)',
  'event ApprovalForAll(address indexed, address indexed, bool)',
  'event AuthorizerSet(address, address)',
  'event Certify(address, uint256, bool, bytes)',
  'event ConfiscateReceipt(address, address, uint256, uint256, uint256, bytes)',
  'event ConfiscateShares(address, address, uint256, uint256, bytes)',
  'event Initialized(uint8)',
  'event OffchainAssetReceiptVaultInitializedV2(address, (address, (address, (address, string, string))))',
  'event OwnerFreezeAlwaysAllowedFrom(address, address, uint256, uint256)',
  'event OwnerFreezeAlwaysAllowedTo(address, address, uint256, uint256)',
  'event OwnerFrozenUntil(address, uint256, uint256)',
  'event OwnershipTransferred(address indexed, address indexed)',
  'event ReceiptVaultInformation(address, bytes)',
  'event RoleAdminChanged(bytes32 indexed, bytes32 indexed, bytes32 indexed)',
  'event RoleGranted(bytes32 indexed, address indexed, address indexed)',
  'event RoleRevoked(bytes32 indexed, address indexed, address indexed)',
  'event URI(string, uint256 indexed)',
]);

const vaultErrors = parseAbi([
  'error IncompatibleAuthorizer()',
  'error InitializeSignatureFn()',
  'error InvalidId(uint256 id)',
  'error MinShareRatio(uint256 minShareRatio, uint256 shareRatio)',
  'error NonZeroAsset()',
  'error OwnerFreezeAlwaysAllowedFromProtected(address from, uint256 protectedUntil)',
  'error OwnerFreezeAlwaysAllowedFromZero(address from)',
  'error OwnerFreezeAlwaysAllowedToProtected(address to, uint256 protectedUntil)',
  'error OwnerFreezeAlwaysAllowedToZero(address to)',
  'error OwnerFrozen(uint256 freezeUntil, address from, address to)',
  'error Unauthorized(address user, bytes32 permission, bytes data)',
  'error UnmanagedReceiptTransfer()',
  'error WrongManager(address expectedManager, address actualManager)',
  'error ZeroAssetsAmount()',
  'error ZeroCertifyUntil()',
  'error ZeroConfiscateAmount()',
  'error ZeroInitialAdmin()',
  'error ZeroOwner()',
  'error ZeroReceiver()',
  'error ZeroSharesAmount()',
  'error AddressEmptyCode(address target)',
  'error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)',
  'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
  'error ERC20InvalidApprover(address approver)',
  'error ERC20InvalidReceiver(address receiver)',
  'error ERC20InvalidSender(address sender)',
  'error ERC20InvalidSpender(address spender)',
  'error FailedCall()',
  'error InsufficientBalance(uint256 balance, uint256 needed)',
  'error InvalidInitialization()',
  'error NotInitializing()',
  'error OwnableInvalidOwner(address owner)',
  'error OwnableUnauthorizedAccount(address account)',
  'error ReentrancyGuardReentrantCall()',
]);

const receiptErrors = parseAbi([
  'error OnlyManager()',
  'error ERC1155InsufficientBalance(address sender, uint256 balance, uint256 needed, uint256 tokenId)',
  'error ERC1155InvalidApprover(address approver)',
  'error ERC1155InvalidArrayLength(uint256 idsLength, uint256 valuesLength)',
  'error ERC1155InvalidOperator(address operator)',
  'error ERC1155InvalidReceiver(address receiver)',
  'error ERC1155InvalidSender(address sender)',
  'error ERC1155MissingApprovalForAll(address operator, address owner)',
]);

const authorizerErrors = parseAbi([
  'error CertificationExpired(address from, address to)',
  'error AccessControlBadConfirmation()',
  'error AccessControlUnauthorizedAccount(address account, bytes32 neededRole)',
]);

/**
 * What the compiler itself reverts with; the older family of vaults says everything of OpenZeppelin's this
 * way.
 */
const solidityErrors = parseAbi(['error Error(string message)', 'error Panic(uint256 code)']);

/** Every error that may come out of a call on a vault, whichever contract behind it raised it. */
export const errorAbi = [...vaultErrors, ...receiptErrors, ...authorizerErrors, ...solidityErrors] as const;

export const vaultAbi = [...vaultFunctions, ...vaultEvents, ...errorAbi] as const;

export const receiptAbi = [
  ...parseAbi([
    'function balanceOf(address account, uint256 id) view returns (uint256)',
    'function balanceOfBatch(address[] accounts, uint256[] ids) view returns (uint256[])',
    'function safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] values, bytes data)',
  ]),
  ...receiptEvents,
  ...errorAbi,
] as const;

export const authorizerAbi = [
  ...parseAbi([
    'function hasRole(bytes32 role, address account) view returns (bool)',
    'function grantRole(bytes32 role, address account)',
    'function revokeRole(bytes32 role, address account)',
  ]),
  ...errorAbi,
] as const;
