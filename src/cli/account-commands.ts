import type { Command } from 'commander';
import { withExample } from './example.ts';
import { momentText } from './output/moments.ts';
import { fieldLines } from './output/table.ts';
import type { Column } from './output/table.ts';
import { printAnswer } from './service/act.ts';
import { limitOption, printList, readPages } from './service/list.ts';
import { pointOptions, pointQuery, tellPoint } from './service/point.ts';
import type { PointOptions } from './service/point.ts';
import type { Service, ServiceOptions } from './service/service-command.ts';
import { queryText, serviceOptions, withService } from './service/service-command.ts';
import type { AccountAnswer } from './service/wire.ts';

const CLIENT_ID = 'our id of the participant';
const EXAMPLE = '5ba3b51e-9c1f-4c3e-8f63-fd0e4a4e7a54 0x70997970c51812dc3a010c7d01b50e0d17dc79c8';

export function addAccountCommands(program: Command): void {
  const accounts = withExample(
    program.command('accounts').description('authorized participants, and the wallets they may use'),
    'issuer accounts list',
  );

  withExample(
    serviceOptions(limitOption(accounts.command('list').description('list accounts, oldest first'))),
    'issuer accounts list',
  ).action(async (options: ServiceOptions & { readonly limit: number }) => {
    await withService(options, async (service) => {
      const page = await readPages<AccountAnswer>(service, '/accounts', {}, options.limit);
      printList(service, page, accountColumns(service.nowMs), 'accounts');
    });
  });

  withExample(
    serviceOptions(
      accounts
        .command('add')
        .description('register a participant; it is linked when Alpaca connects it')
        .argument('<email>', 'unique, whatever its case')
        .option('--alpaca-account-id <id>', 'Alpaca’s id of its account, where it is known already'),
    ),
    'issuer accounts add desk@participant.example',
  ).action(async (email: string, options: ServiceOptions & { readonly alpacaAccountId?: string }) => {
    await withService(options, async (service) => {
      const body = { email, alpaca_account_id: options.alpacaAccountId };
      const added = (await service.api.call('POST', '/accounts', body)) as {
        readonly client_id: string;
        readonly email: string;
      };
      printAnswer(service, added, [`account ${added.client_id} registered for ${added.email}`]);
    });
  });

  withExample(
    serviceOptions(
      pointOptions(
        accounts.command('show').description('show one account').argument('<client-id>', CLIENT_ID),
      ),
    ),
    'issuer accounts show 5ba3b51e-9c1f-4c3e-8f63-fd0e4a4e7a54',
  ).action(async (clientId: string, options: ServiceOptions & PointOptions) => {
    await withService(options, async (service) => {
      const path = `${pathOf(clientId)}${queryText(pointQuery(options))}`;
      const account = (await service.api.call('GET', path)) as AccountAnswer;
      tellPoint(service, options);
      printAnswer(service, account, accountLines(account, service));
    });
  });
  addWalletCommands(accounts);
}

function addWalletCommands(accounts: Command): void {
  const wallets = withExample(
    accounts.command('wallets').description('the wallets of an account'),
    `issuer accounts wallets add ${EXAMPLE}`,
  );
  const change = (
    name: 'add' | 'remove',
    description: string,
    send: (service: Service, path: string, wallet: string) => Promise<unknown>,
  ): void => {
    withExample(
      serviceOptions(
        wallets
          .command(name)
          .description(description)
          .argument('<client-id>', CLIENT_ID)
          .argument('<wallet>', 'its address'),
      ),
      `issuer accounts wallets ${name} ${EXAMPLE}`,
    ).action(async (clientId: string, wallet: string, options: ServiceOptions) => {
      await withService(options, async (service) => {
        const answer = await send(service, `${pathOf(clientId)}/wallets`, wallet);
        const done = name === 'add' ? 'is on the list of' : 'is not on the list of';
        printAnswer(service, answer, [`wallet ${wallet} ${done} ${clientId}`]);
      });
    });
  };
  change('add', 'whitelist a wallet: it may get tokens and send them back', ({ api }, path, wallet) =>
    api.call('POST', path, { wallet }),
  );
  change('remove', 'take a wallet off the list; what is under way goes on', ({ api }, path, wallet) =>
    api.call('DELETE', `${path}/${encodeURIComponent(wallet)}`),
  );
}

function pathOf(clientId: string): string {
  return `/accounts/${encodeURIComponent(clientId)}`;
}

function accountColumns(nowMs: number): readonly Column<AccountAnswer>[] {
  return [
    { head: 'CLIENT ID', cell: (it) => it.client_id },
    { head: 'EMAIL', cell: (it) => it.email },
    {
      head: 'LINKED',
      cell: (it) => (it.alpaca_account_number === null ? 'no' : 'yes'),
      tone: (it) => (it.alpaca_account_number === null ? 'warn' : 'good'),
    },
    { head: 'WALLETS', cell: (it) => String(it.wallets.length), align: 'right' },
    { head: 'CREATED', cell: (it) => momentText(it.created_at, nowMs) },
  ];
}

function accountLines(account: AccountAnswer, { output, nowMs }: Service): readonly string[] {
  return [
    `${output.paint('strong', account.client_id)}  ${account.email}`,
    ...fieldLines(
      [
        ['Alpaca’s account id', account.alpaca_account_id],
        ['Alpaca’s account number', account.alpaca_account_number ?? 'none yet: Alpaca has not connected it'],
        ['created', momentText(account.created_at, nowMs)],
        ...account.wallets.map((it, at) => [at === 0 ? 'wallets' : '', it] as const),
        ...(account.wallets.length === 0 ? [['wallets', 'none'] as const] : []),
      ],
      output,
    ),
  ];
}
