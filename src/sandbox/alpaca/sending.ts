import type { IssuerLink } from './issuer-link.ts';
import type { SendEndpoint, SentCall } from './model.ts';
import type { World } from './world.ts';

type Body = Readonly<Record<string, unknown>>;

/**
 * Delivers a body to the issuer as the script wants it: late, several times, altered, or not at all.
 *
 * `onTruth` gets the end of every delivery whose body is the true one. Resolves when all deliveries ended;
 * gives whether the true body was among them.
 */
export async function sendAsScripted(
  world: World,
  link: IssuerLink,
  delivery: {
    readonly endpoint: SendEndpoint;
    readonly body: Body;
    readonly attempts?: number;
    readonly onTruth: (call: SentCall) => void;
  },
): Promise<boolean> {
  const { endpoint, body, attempts, onTruth } = delivery;
  const action = world.script.takeSend({ endpoint, body });
  if (action.delayMs !== undefined) await world.schedule.pause(action.delayMs);
  const truth = JSON.stringify(body);
  const bodies = action.send?.(body) ?? [body];
  const sendOne = async (one: Body) => {
    const call = await link.deliver(endpoint, one, attempts);
    if (JSON.stringify(one) === truth) onTruth(call);
  };
  if (action.together === true) await Promise.all(bodies.map(sendOne));
  else for (const one of bodies) await sendOne(one);
  return bodies.some((one) => JSON.stringify(one) === truth);
}
