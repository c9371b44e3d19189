// Two providers on loopback: a real OpenID Connect one, and a stand-in with the shape of GitHub's API.
// argv: port of the first, port of the second, callback URL of the first, callback URL of the second.
import http from 'node:http';
import Provider from 'oidc-provider';

const [openidPort, githubPort, openidCallback, githubCallback] = process.argv.slice(2);

const people = {
  ada: { email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' },
  eve: { email: 'ada@example.com', email_verified: false, name: 'Eve' },
};

const openid = new Provider(`http://127.0.0.1:${openidPort}`, {
  clients: [
    { client_id: 'latchkey', client_secret: 'a secret: of+two/parts', redirect_uris: [openidCallback] },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  pkce: { required: () => true },
  cookies: { keys: ['the keys of a story'] },
  findAccount: (_context, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
});
openid.listen(openidPort, '127.0.0.1');

// GitHub answers no ID token, and the addresses apart: https://docs.github.com/en/apps/oauth-apps
const codes = new Map();
const github = http.createServer((request, response) => {
  const url = new URL(request.url, `http://127.0.0.1:${githubPort}`);
  const answer = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  let text = '';
  request.on('data', (part) => { text += part; });
  request.on('end', () => {
    const form = new URLSearchParams(text);
    const isIn = request.headers.authorization === 'Bearer gho_token' && request.headers['user-agent'];
    if (url.pathname === '/login/oauth/authorize') {
      if (url.searchParams.get('redirect_uri') !== githubCallback) return answer(400, {});
      codes.set('a-code', url.searchParams.get('code_challenge'));
      const back = new URL(githubCallback);
      back.searchParams.set('code', 'a-code');
      back.searchParams.set('state', url.searchParams.get('state'));
      response.writeHead(302, { location: back.href });
      return response.end();
    }
    if (url.pathname === '/login/oauth/access_token') {
      const isGood = codes.delete(form.get('code')) && form.get('client_secret') === 'github-secret'
        && form.get('client_id') === 'latchkey-gh' && form.get('code_verifier');
      // Its errors come with 200.
      if (!isGood) return answer(200, { error: 'bad_verification_code' });
      return answer(200, { access_token: 'gho_token', token_type: 'bearer', scope: 'read:user,user:email' });
    }
    if (!isIn) return answer(401, { message: 'Requires authentication' });
    if (url.pathname === '/user') return answer(200, { id: 583231, login: 'octocat', name: null });
    if (url.pathname === '/user/emails') {
      return answer(200, [
        { email: 'octocat@example.org', primary: false, verified: true, visibility: null },
        { email: 'octocat@example.com', primary: true, verified: true, visibility: 'private' },
      ]);
    }
    return answer(404, { message: 'Not Found' });
  });
});
github.listen(githubPort, '127.0.0.1', () => console.log('ready'));
