// SPDX-License-Identifier: MIT
// npm's oauth2-mock-server for specs: POST /faults holds what its hooks do to the answers to come, one after another.
// `{status, body}` is in place of an answer of the token endpoint or the revocation; `{redirect: {name: value}}` changes
// the parameters of a redirect, null removes one. PORT says where to listen.
import http from 'node:http';
import process from 'node:process';
import { json } from 'node:stream/consumers';

import { OAuth2Server } from 'oauth2-mock-server';

const port = Number(process.env.PORT);
const { issuer, service } = new OAuth2Server();
let faults = [];

issuer.url = `http://127.0.0.1:${port}`;
await issuer.keys.generate('RS256');

function replace(answer) {
  const fault = faults.shift();
  if (fault?.status) answer.statusCode = fault.status;
  if (fault && 'body' in fault) answer.body = fault.body;
}

service.on('beforeResponse', replace);
service.on('beforeRevoke', replace);
service.on('beforeAuthorizeRedirect', ({ url }) => {
  for (const [name, value] of Object.entries(faults.shift()?.redirect ?? {})) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
});

const server = http.createServer(async (request, response) => {
  if (request.url !== '/faults') return service.requestHandler(request, response);
  faults = await json(request);
  return response.end();
});

server.listen(port, '127.0.0.1', () => process.stderr.write(`listening on ${port}\n`));
