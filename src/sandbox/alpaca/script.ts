import type { Answer } from './refusal.ts';
import type { CallEndpoint, ReceivedCall, SendEndpoint, TokenizationRequest } from './model.ts';
import { sendEndpoints } from './model.ts';

/** Changes the JSON value that would have been answered. */
export type Alteration = (body: unknown) => unknown;

/** What to do with a call of the issuer. All parts are optional and combine. */
export interface CallAction {
  /** Wait before anything else. */
  readonly delayMs?: number;
  /** False: the call has no effect. With it comes a `reply`. Default true. */
  readonly act?: boolean;
  /** What to answer in place of the true answer; `drop` cuts the connection, `hang` never answers. */
  readonly reply?: Answer | ((nowMs: number) => Answer) | 'drop' | 'hang';
  /** Changes the true answer. */
  readonly alter?: Alteration;
}

/** What to do with a call to the issuer. */
export interface SendAction {
  readonly delayMs?: number;
  /** The bodies to send in place of the true one: none, it twice, a contradiction after it, … */
  readonly send?: (body: Readonly<Record<string, unknown>>) => readonly Readonly<Record<string, unknown>>[];
  /** Send them all at once; default one after the other. */
  readonly together?: boolean;
}

/** What to do with a journal. `hold` leaves it pending until `release`. */
interface JournalAction {
  /** In place of the general journal delay. */
  readonly delayMs?: number;
  readonly outcome?: 'hold' | { readonly reject: string };
}

type JournalEndpoint = 'mint_journal' | 'redeem_journal';

/** A call to the issuer that is about to be made. */
interface Sending {
  readonly endpoint: SendEndpoint;
  readonly body: Readonly<Record<string, unknown>>;
}

interface RuleOf<Endpoint extends string, Subject, Action> {
  readonly endpoint: Endpoint;
  /**
   * The n-th matching endpoint's call since the rule was added, counted from 1, or a predicate; default
   * every one.
   */
  readonly when?: number | ((subject: Subject) => boolean);
  /** How often it applies; default once. */
  readonly times?: number | 'always';
  readonly do: Action;
}

type CallRule = RuleOf<CallEndpoint | '*', ReceivedCall, CallAction>;
type SendRule = RuleOf<SendEndpoint, Sending, SendAction>;
type JournalRule = RuleOf<JournalEndpoint, TokenizationRequest, JournalAction>;
export type Rule = CallRule | SendRule | JournalRule;

/** The rules that make the simulation misbehave. The first one that matches is taken. */
export interface Script {
  /** Appends rules; the returned function removes them. */
  add(...rules: readonly Rule[]): () => void;
  clear(): void;
}

/** The side of the script that the simulation asks. */
export interface ScriptReader {
  takeCall(call: ReceivedCall): CallAction;
  takeSend(sending: Sending): SendAction;
  takeJournal(endpoint: JournalEndpoint, request: TokenizationRequest): JournalAction;
}

export function createScript(): Script & ScriptReader {
  const calls = createRuleList<CallEndpoint | 'unknown' | '*', ReceivedCall, CallAction>();
  const sends = createRuleList<SendEndpoint, Sending, SendAction>();
  const journals = createRuleList<JournalEndpoint, TokenizationRequest, JournalAction>();
  const addOne = (rule: Rule) => {
    if (isSendRule(rule)) return sends.add(rule);
    return isJournalRule(rule) ? journals.add(rule) : calls.add(rule);
  };
  return {
    add(...rules) {
      const removals = rules.map(addOne);
      return () => {
        for (const remove of removals) remove();
      };
    },
    clear() {
      calls.clear();
      sends.clear();
      journals.clear();
    },
    takeCall: (call) => calls.take(call.endpoint, call) ?? {},
    takeSend: (sending) => sends.take(sending.endpoint, sending) ?? {},
    takeJournal: (endpoint, request) => journals.take(endpoint, request) ?? {},
  };
}

function isSendRule(rule: Rule): rule is SendRule {
  return sendEndpoints.some((endpoint) => endpoint === rule.endpoint);
}

function isJournalRule(rule: Rule): rule is JournalRule {
  return rule.endpoint === 'mint_journal' || rule.endpoint === 'redeem_journal';
}

function createRuleList<Endpoint extends string, Subject, Action>() {
  interface Entry {
    readonly rule: RuleOf<Endpoint, Subject, Action>;
    seen: number;
    left: number;
  }
  let entries: Entry[] = [];
  const applies = ({ rule: { when }, seen, left }: Entry, subject: Subject) => {
    if (left <= 0) return false;
    if (when === undefined) return true;
    return typeof when === 'number' ? seen === when : when(subject);
  };
  return {
    add(rule: RuleOf<Endpoint, Subject, Action>) {
      const { times = 1 } = rule;
      const entry = { rule, seen: 0, left: times === 'always' ? Number.POSITIVE_INFINITY : times };
      entries.push(entry);
      return () => {
        entries = entries.filter((other) => other !== entry);
      };
    },
    clear() {
      entries = [];
    },
    take(endpoint: Endpoint, subject: Subject): Action | undefined {
      let taken: Entry | undefined;
      // To the end, also after a match: every rule counts the calls it could have matched.
      for (const entry of entries) {
        if (entry.rule.endpoint !== endpoint && entry.rule.endpoint !== '*') continue;
        entry.seen += 1;
        if (taken === undefined && applies(entry, subject)) taken = entry;
      }
      if (taken === undefined) return undefined;
      taken.left -= 1;
      return taken.rule.do;
    },
  };
}
