// A real OpenID provider on a port of loopback's choosing, which it prints. Anybody can sign in with any password; the
// name they give is their address, and what it contains says more: "+staff" is in the group staff, "+unsure" has an
// address that was never confirmed. Clients register themselves.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const { Provider } = await import(pathToFileURL(process.argv[2]));
const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  cookies: { keys: ["for tests only"] },
  features: { registration: { enabled: true }, devInteractions: { enabled: true } },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: id,
      email_verified: !id.includes("+unsure"),
      name: id.split("@")[0],
      groups: id.includes("+staff") ? ["staff"] : [],
    }),
  }),
  pkce: { required: () => true },
});
server.on("request", provider.callback());
console.log(server.address().port);
