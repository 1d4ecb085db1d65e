import { registerHooks } from 'node:module';

// Loaded before the service: writes the name of every package that it loads to standard error.
registerHooks({
  load(url, context, next) {
    if (url.includes('/node_modules/')) process.stderr.write(`loaded ${url}\n`);
    return next(url, context);
  },
});
