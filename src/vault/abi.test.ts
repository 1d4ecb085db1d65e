import { toEventSelector, toFunctionSelector } from 'viem';
import { describe, expect, test } from 'vitest';
import { authorizerAbi, decodedEvents, errorAbi, namedEvents, receiptAbi, vaultAbi } from './abi.ts';

/** Selectors and topics as the deployed contracts have them. */
const ERRORS: Readonly<Record<string, string>> = {
  AccessControlBadConfirmation: '0x6697b232',
  AccessControlUnauthorizedAccount: '0xe2517d3f',
  AddressEmptyCode: '0x9996b315',
  CertificationExpired: '0xfe720f78',
  ERC1155InsufficientBalance: '0x03dee4c5',
  ERC1155InvalidApprover: '0x3e31884e',
  ERC1155InvalidArrayLength: '0x5b059991',
  ERC1155InvalidOperator: '0xced3e100',
  ERC1155InvalidReceiver: '0x57f447ce',
  ERC1155InvalidSender: '0x01a83514',
  ERC1155MissingApprovalForAll: '0xe237d922',
  ERC20InsufficientAllowance: '0xfb8f41b2',
  ERC20InsufficientBalance: '0xe450d38c',
  ERC20InvalidApprover: '0xe602df05',
  ERC20InvalidReceiver: '0xec442f05',
  ERC20InvalidSender: '0x96c6fd1e',
  ERC20InvalidSpender: '0x94280d62',
  FailedCall: '0xd6bda275',
  IncompatibleAuthorizer: '0xfd120616',
  InitializeSignatureFn: '0xaf1fbb21',
  InsufficientBalance: '0xcf479181',
  InvalidId: '0xe4a47182',
  InvalidInitialization: '0xf92ee8a9',
  MinShareRatio: '0xa3e32234',
  NonZeroAsset: '0x89517992',
  NotInitializing: '0xd7e6bcf8',
  OnlyManager: '0xc0b2335a',
  OwnableInvalidOwner: '0x1e4fbdf7',
  OwnableUnauthorizedAccount: '0x118cdaa7',
  OwnerFreezeAlwaysAllowedFromProtected: '0xf1b01b54',
  OwnerFreezeAlwaysAllowedFromZero: '0xfd86061b',
  OwnerFreezeAlwaysAllowedToProtected: '0x81a78977',
  OwnerFreezeAlwaysAllowedToZero: '0x5a608453',
  OwnerFrozen: '0x79d71551',
  ReentrancyGuardReentrantCall: '0x3ee5aeb5',
  Unauthorized: '0x3ae4063b',
  UnmanagedReceiptTransfer: '0x8813aac3',
  WrongManager: '0x7935475e',
  ZeroAssetsAmount: '0xc7838b0c',
  ZeroCertifyUntil: '0x8672985d',
  ZeroConfiscateAmount: '0x312497b0',
  ZeroInitialAdmin: '0xd264eed0',
  ZeroOwner: '0x9905827b',
  ZeroReceiver: '0x6ba9ecd8',
  ZeroSharesAmount: '0xfc8c8063',
  // Solidity's own.
  Error: '0x08c379a0',
  Panic: '0x4e487b71',
};

const EVENTS: Readonly<Record<string, string>> = {
  Approval: '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925',
  ApprovalForAll: '0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31',
  AuthorizerSet: '0xa8c713fe8fb360697fc0daab836d85208a605d485fbc265aea0f773fc6cdd71a',
  Certify: '0x7ef5cae78e9bd364afb19bb0f8a881a6d156e35a119e28c0d17524e507958158',
  ConfiscateReceipt: '0x88e2280ece62e9296d3578b77647db2c11f9fa7e42578e2db5d4262123ffae3e',
  ConfiscateShares: '0x3fc1c49e72362e91416388fe7a107b92db924642476e83e701eeeb6256d7249e',
  Deposit: '0x3377bcbed49a0c0005e53931cd8fe7334b5371523e5de784c0d0d3d01089cfea',
  Initialized: '0x7f26b83ff96e1f2b6a682f133852f6798a09c465da95921460cefb3847402498',
  OffchainAssetReceiptVaultInitializedV2:
    '0x17520c66d636c0f98338ee30d33c9fd2f4ab28ea9583fda355854fb100867a02',
  OwnerFreezeAlwaysAllowedFrom: '0xd08871fffa9d03c01fcba597af5dfbe64cb26f207debdae1af25326954474991',
  OwnerFreezeAlwaysAllowedTo: '0xa1e5b368dc99c8558f28b1e7e8cb7ab542c989a4b697628ba7bfffe0aeaccffd',
  OwnerFrozenUntil: '0xff9fd4facd8bd30d905cc7ffbd03e8829a414df4c6554d155d132c3377868a42',
  OwnershipTransferred: '0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0',
  ReceiptInformation: '0xd66d6a9810a5cef78b704e7e04334961e997c81d337f029f74637f060f3d8d65',
  ReceiptVaultInformation: '0xdaffad82f53a38a62340f14cdd6fd3b437c5dcda6b32029dac1e661dbce28b2d',
  RoleAdminChanged: '0xbd79b86ffe0ab8e8776151514217cd7cacd52c909f66475c3af44e129f0b00ff',
  RoleGranted: '0x2f8788117e7eff1d82e926ec794901d17c78024a50270940304540a733656f0d',
  RoleRevoked: '0xf6391f5c32d9c69d2a47ea670b442974b53935d1edc7fd64eb21e047a839171b',
  Transfer: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
  TransferBatch: '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb',
  TransferSingle: '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62',
  URI: '0x6bb7ff708619ba0610cba295a58592e0451dee2622938c8755667688daf3529b',
  Withdraw: '0x2845b9458bcc357e1abfe8de7f6832dfe7220596a053496b33d0deb6577d8d2a',
};

const FUNCTIONS: Readonly<Record<'vault' | 'receipt' | 'authorizer', Readonly<Record<string, string>>>> = {
  vault: {
    authorizer: '0xd09edf31',
    balanceOf: '0x70a08231',
    decimals: '0x313ce567',
    deposit: '0x1423feba',
    highwaterId: '0xf5d214f5',
    multicall: '0xac9650d8',
    receipt: '0xe1e6b898',
    redeem: '0x921a4c42',
    symbol: '0x95d89b41',
    totalSupply: '0x18160ddd',
    transfer: '0xa9059cbb',
  },
  receipt: {
    balanceOf: '0x00fdd58e',
    balanceOfBatch: '0x4e1273f4',
    safeBatchTransferFrom: '0x2eb2c2d6',
  },
  authorizer: {
    hasRole: '0x91d14854',
    grantRole: '0x2f2ff15d',
    revokeRole: '0xd547741f',
  },
};

describe('the ABIs', () => {
  test('know every error of vault, receipt and authorizer by its deployed selector', () => {
    const ours = Object.fromEntries(
      errorAbi.map((error) => [error.name, toFunctionSelector(signature(error))]),
    );
    expect(ours).toEqual(ERRORS);
  });

  test('know every event by its deployed topic', () => {
    const ours = [...decodedEvents, ...namedEvents].map((event) => [event.name, toEventSelector(event)]);
    expect(Object.fromEntries(ours)).toEqual(EVENTS);
  });

  test.each([
    ['vault', vaultAbi],
    ['receipt', receiptAbi],
    ['authorizer', authorizerAbi],
  ] as const)('call the %s by its deployed selectors', (part, abi) => {
    const functions = abi.filter((item) => item.type === 'function');
    const ours = functions.map((item) => [item.name, toFunctionSelector(item)]);
    const { completedActionCount, ...deployed } = Object.fromEntries(ours) as Record<string, string>;
    expect(deployed).toEqual(FUNCTIONS[part]);
    // Assumed, so on no deployed list.
    expect(completedActionCount !== undefined).toBe(part === 'vault');
  });
});

function signature(error: (typeof errorAbi)[number]): string {
  return `${error.name}(${error.inputs.map((input) => input.type).join(',')})`;
}
