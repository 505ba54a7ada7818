// SPDX-License-Identifier: MIT
// npm's oidc-provider as an authorization server for specs: people decide at once, refresh tokens rotate, and /ledger
// tells what was asked of it. PORT says where to listen; CLIENTS holds its clients as JSON.
import crypto from 'node:crypto';
import process from 'node:process';

import Provider from 'oidc-provider';

const port = Number(process.env.PORT);
const issuer = `http://127.0.0.1:${port}`;
const ledger = [];

const provider = new Provider(issuer, {
  clients: JSON.parse(process.env.CLIENTS),
  cookies: { keys: ['spec'] },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => ({ scope: 'read write', audience: resource }),
    },
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  scopes: ['openid', 'read', 'write'],
  ttl: { AccessToken: 3600, ClientCredentials: 3600, DeviceCode: 600, Grant: 86400, Interaction: 600, RefreshToken: 86400, Session: 86400 },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

// Enough to tell two tokens apart.
const fingerprint = (token) => token && crypto.createHash('sha256').update(token).digest('hex').slice(0, 8);

const note = (outcome) => (ctx, error) => {
  const params = ctx.oidc?.params ?? {};
  ledger.push({
    at: Date.now(),
    outcome,
    grant: params.grant_type,
    client: ctx.oidc?.client?.clientId,
    refresh_token: fingerprint(params.refresh_token),
    token: fingerprint(params.token),
    resource: params.resource,
    scope: params.scope,
    error: error?.error,
    detail: error?.error_detail ?? error?.error_description,
  });
};

provider.on('grant.success', note('grant'));
provider.on('grant.error', note('refused'));
provider.on('grant.revoked', note('family_revoked'));
provider.on('revocation.error', note('not_revoked'));
provider.on('refresh_token.destroyed', () => ledger.push({ outcome: 'refresh_token_destroyed' }));
provider.on('server_error', (ctx, error) => process.stderr.write(`${error.stack}\n`));

async function grantFor(accountId, clientId, params) {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(params.scope ?? 'openid');
  for (const resource of [].concat(params.resource ?? [])) grant.addResourceScope(resource, 'read write');
  return grant.save();
}

// Whoever has the login hint "decline" declines; everybody else is Alice, and agrees.
async function decide(ctx) {
  const { params, prompt } = await provider.interactionDetails(ctx.req, ctx.res);
  if (params.login_hint === 'decline') {
    return provider.interactionFinished(ctx.req, ctx.res, { error: 'access_denied' });
  } else if (prompt.name === 'login') {
    return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'alice' } });
  }
  const grantId = await grantFor('alice', params.client_id, params);
  return provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId } });
}

// A person has entered a user code on the device page, and agreed or not.
async function decideDevice(ctx) {
  const code = await provider.DeviceCode.findByUserCode(ctx.query.user_code.replace(/[^A-Z0-9]/gi, '').toUpperCase());
  if (ctx.query.decline) {
    Object.assign(code, { error: 'access_denied', errorDescription: 'declined' });
  } else {
    const grantId = await grantFor('alice', code.clientId, code.params);
    Object.assign(code, { accountId: 'alice', grantId, authTime: Math.floor(Date.now() / 1000), scope: code.params.scope });
  }
  await code.save();
  ctx.body = 'decided';
}

// The next request for a token, which is a poll then, came too soon.
let slowDowns = 0;

function slowDown(ctx) {
  slowDowns -= 1;
  ledger.push({ outcome: 'slowed_down', at: Date.now() });
  ctx.status = 400;
  ctx.body = { error: 'slow_down' };
}

const ROUTES = [
  [/^\/slow_down$/, (ctx) => { slowDowns += 1; ctx.body = 'so be it'; }],
  [/^\/ledger$/, (ctx) => { ctx.body = ledger; }],
  [/^\/decide_device$/, decideDevice],
  [/^\/interaction\//, async (ctx) => { ctx.respond = false; await decide(ctx); }],
];

provider.use(async (ctx, next) => {
  if (slowDowns > 0 && ctx.path === '/token') return slowDown(ctx);
  const [, handler] = ROUTES.find(([pattern]) => pattern.test(ctx.path)) ?? [];
  return handler ? handler(ctx) : next();
});

provider.listen(port, '127.0.0.1', () => process.stderr.write(`listening on ${port}\n`));
