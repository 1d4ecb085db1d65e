import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { World } from '../e2e/world.ts';
import { startWorld } from '../e2e/world.ts';

interface Answer {
  readonly status: number;
  readonly policy: string;
  readonly type: string;
  readonly text: string;
}

describe('the page that shows the document', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world.stop();
  });

  const read = async (path: string, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(`${world.issuer().url}${path}`, { headers });
    return {
      status: response.status,
      policy: response.headers.get('content-security-policy') ?? '',
      type: response.headers.get('content-type') ?? '',
      text: await response.text(),
    };
  };
  /** What a page loads: addresses in its attributes, and in its style sheets. */
  const loadedBy = ({ text, type }: Answer): readonly string[] =>
    type.includes('html')
      ? [...text.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, it]) => it ?? '')
      : [...text.matchAll(/url\(\s*['"]?([^'")]*)|@import\s+['"]([^'"]*)/g)].map(([, a, b]) => a ?? b ?? '');

  test('loads nothing from another host, and all that it loads is there', async () => {
    const page = await read('/docs');
    expect(page).toMatchObject({ status: 200, type: expect.stringContaining('text/html') as string });
    const loaded = loadedBy(page);
    expect(loaded.length).toBeGreaterThan(4);
    for (const path of loaded) {
      expect(path).toMatch(/^\/docs\//);
      const part = await read(path);
      expect(part.status).toBe(200);
      const further = part.type.includes('css') ? loadedBy(part) : [];
      expect(further.filter((it) => !it.startsWith('data:'))).toEqual([]);
    }
  });

  test('names no other host in what is ours, and forbids the browser to ask one', async () => {
    for (const path of ['/docs', '/docs/', '/docs/static/index.css', '/docs/static/swagger-initializer.js']) {
      const { text } = await read(path);
      // The namespace of SVG is a name, which nothing is loaded from.
      const code = decoded(text).replaceAll(/^\s*\/\/.*$/gm, '');
      const named = [...code.matchAll(/(?:https?:)?\/\/[\w.-]+\.[a-z]{2,}[^\s'"]*/g)].map(([it]) => it);
      expect(named.filter((it) => !/^https?:\/\/www\.w3\.org\//.test(it))).toEqual([]);
    }
    const everywhere = ['/docs', '/docs/static/swagger-ui-bundle.js', '/docs/json'];
    for (const path of everywhere) {
      const { policy } = await read(path);
      const directives = Object.fromEntries(
        policy
          .split(';')
          .map((it) => it.trim().split(/\s+/))
          .filter(([name]) => name !== '')
          .map(([name = '', ...sources]) => [name, sources.join(' ')]),
      );
      expect(directives).toEqual({
        'default-src': "'none'",
        'script-src': "'self'",
        'style-src': "'self'",
        'img-src': "'self' data:",
        'connect-src': "'self'",
        'base-uri': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
      });
    }
  });

  test('shows the very document that the service serves', async () => {
    const [shown, served] = [await read('/docs/json'), await read('/openapi.json')];
    expect(JSON.parse(shown.text)).toEqual(JSON.parse(served.text));
    const { text } = await read('/docs/static/swagger-initializer.js');
    expect(text).toContain("resolveUrl('./json')");
    expect(text).toMatch(/validatorUrl: null/);
  });

  test.for([
    ['/docs/static/%2e%2e/%2e%2e/package.json', {}, 404],
    ['/docs/static/%00', {}, 404],
    ['/docs/static/nothing', {}, 404],
    ['/docs/static/swagger-ui.css', { range: 'bytes=99999999-' }, 400],
    ['/docs/static/swagger-ui.css', { 'if-match': 'x' }, 400],
  ] as const)('%s with %j is refused as the caller’s fault', async ([path, headers, status]) => {
    const answer = await read(path, headers);
    expect(answer).toMatchObject({ status, type: 'application/problem+json' });
  });

  test.for(['/docs', '/docs/json', '/docs/static/swagger-ui.css', '/openapi.json', '/metrics'])(
    '%s is for those inside, and asks for no key',
    async (path) => {
      expect((await read(path)).status).toBe(200);
      const outside = await read(path, { 'x-forwarded-for': '203.0.113.9' });
      expect(outside.status).toBe(403);
      expect(JSON.parse(outside.text)).toMatchObject({ code: 'address_forbidden' });
    },
  );
});

/** With the pictures that stand in the text as base64 read too. */
function decoded(text: string): string {
  return text.replaceAll(/data:[\w+/-]+;base64,([\w+/=]+)/g, (_all, data: string) =>
    Buffer.from(data, 'base64').toString(),
  );
}
