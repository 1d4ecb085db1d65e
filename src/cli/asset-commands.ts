import type { Command } from 'commander';
import { Option } from 'commander';
import { withExample } from './example.ts';
import type { Tone } from './output/output.ts';
import { gridLines } from './output/table.ts';
import type { Column } from './output/table.ts';
import type { ActionOptions } from './service/act.ts';
import { act, actionOptions, printAnswer } from './service/act.ts';
import { limitOption, printList, readPages } from './service/list.ts';
import { pointOptions, pointQuery, tellPoint } from './service/point.ts';
import type { PointOptions } from './service/point.ts';
import type { ServiceOptions } from './service/service-command.ts';
import { queryText, serviceOptions, withService } from './service/service-command.ts';
import type { AssetAnswer } from './service/wire.ts';

interface ListOptions extends ServiceOptions {
  readonly underlying?: string;
  readonly network?: string;
  readonly state?: string;
  readonly limit: number;
}

const UNDERLYING = 'symbol of the share, e.g. AAPL';

interface AddOptions extends ServiceOptions {
  readonly token: string;
  readonly network: string;
  readonly vault: string;
}

interface StatusAnswer {
  readonly underlying: string;
  readonly status: string;
  readonly networks: Readonly<Record<string, string>>;
}

export function addAssetCommands(program: Command): void {
  const assets = withExample(
    program.command('assets').description('the tokens that can be minted, each on a network'),
    'issuer assets list',
  );

  withExample(
    serviceOptions(
      limitOption(
        assets
          .command('list')
          .description('list assets with their vaults')
          .option('--underlying <symbol>', 'of this share')
          .option('--network <network>', 'on this network')
          .addOption(
            new Option('--state <state>', 'in this state').choices(['enabled', 'disabled', 'frozen']),
          ),
        { usual: 1_000 },
      ),
    ),
    'issuer assets list --state frozen',
  ).action(async ({ underlying, network, state, limit, ...options }: ListOptions) => {
    await withService(options, async (service) => {
      const query = { underlying, network, state };
      const page = await readPages<AssetAnswer>(service, '/tokenized-assets/all', query, limit);
      printList(service, page, ASSET_COLUMNS, 'assets');
    });
  });

  withExample(
    serviceOptions(
      assets
        .command('add')
        .description('add an asset, or point one that is known to another vault')
        .argument('<underlying>', UNDERLYING)
        .requiredOption('--token <symbol>', 'symbol of the token, as its vault has it')
        .requiredOption('--network <network>', 'Alpaca’s name of the network')
        .requiredOption('--vault <address>', 'its vault'),
    ),
    'issuer assets add AAPL --token tAAPL --network base --vault 0x5fbdb2315678afecb367f032d93f642f64180aa3',
  ).action(async (underlying: string, { token, network, vault, ...options }: AddOptions) => {
    await withService(options, async (service) => {
      const body = { underlying, token, network, vault };
      const asset = (await service.api.call('POST', '/tokenized-assets', body)) as AssetAnswer;
      printAnswer(service, asset, [describeAsset(asset)]);
    });
  });

  withExample(
    serviceOptions(
      pointOptions(
        assets
          .command('show')
          .description('show one asset')
          .argument('<underlying>', UNDERLYING)
          .requiredOption('--network <network>', 'on which network'),
      ),
    ),
    'issuer assets show AAPL --network base',
  ).action(
    async (underlying: string, options: ServiceOptions & PointOptions & { readonly network: string }) => {
      await withService(options, async (service) => {
        const query = queryText({ network: options.network, ...pointQuery(options) });
        const path = `/tokenized-assets/${encodeURIComponent(underlying)}${query}`;
        const asset = (await service.api.call('GET', path)) as AssetAnswer;
        tellPoint(service, options);
        printAnswer(service, asset, [describeAsset(asset)]);
      });
    },
  );
  addStatus(assets);
  addSwitches(assets);
}

function addStatus(assets: Command): void {
  withExample(
    serviceOptions(
      assets
        .command('status')
        .description('say whether an underlying can be minted, as a whole and on each network')
        .argument('<underlying>', UNDERLYING),
    ),
    'issuer assets status AAPL',
  ).action(async (underlying: string, options: ServiceOptions) => {
    await withService(options, async (service) => {
      const path = `/tokenized-assets/${encodeURIComponent(underlying)}/status`;
      const answer = (await service.api.call('GET', path)) as StatusAnswer;
      const painted = (state: string): string => service.output.paint(assetTone(state), state);
      const networks = Object.entries(answer.networks);
      printAnswer(service, answer, [
        `${answer.underlying}  ${painted(answer.status)}`,
        ...gridLines(networks.map(([name, state]) => [`  ${name}`, painted(state)])),
      ]);
    });
  });
}

function addSwitches(assets: Command): void {
  for (const [name, description] of [
    ['enable', 'let an asset be minted again'],
    ['disable', 'take an asset off Alpaca’s list: new mints are refused, what is under way goes on'],
  ] as const) {
    withExample(
      serviceOptions(
        actionOptions(
          assets
            .command(name)
            .description(description)
            .argument('<underlying>', UNDERLYING)
            .requiredOption('--network <network>', 'on which network'),
          { dryRun: false },
        ),
      ),
      `issuer assets ${name} AAPL --network base --reason "asked for by the desk"`,
    ).action(
      async (underlying: string, options: ServiceOptions & ActionOptions & { readonly network: string }) => {
        await withService(options, async (service) => {
          const path = `/tokenized-assets/${encodeURIComponent(underlying)}/${name}`;
          const asset = (await act(service, path, options, { network: options.network })) as AssetAnswer;
          printAnswer(service, asset, [describeAsset(asset)]);
        });
      },
    );
  }
}

function describeAsset({ underlying, token, network, vault, state }: AssetAnswer): string {
  return `${underlying} as ${token} on ${network} is ${state}, in the vault ${vault}`;
}

function assetTone(state: string): Tone {
  if (state === 'enabled') return 'good';
  return state === 'frozen' ? 'bad' : 'warn';
}

const ASSET_COLUMNS: readonly Column<AssetAnswer>[] = [
  { head: 'UNDERLYING', cell: (it) => it.underlying },
  { head: 'TOKEN', cell: (it) => it.token },
  { head: 'NETWORK', cell: (it) => it.network },
  { head: 'STATE', cell: (it) => it.state, tone: (it) => assetTone(it.state) },
  { head: 'VAULT', cell: (it) => it.vault },
  {
    head: 'PAST VAULTS',
    cell: ({ past_vaults: past = [] }) => (past.length === 0 ? null : past.join(' ')),
  },
];
