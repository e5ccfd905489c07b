// Two providers of the foreign kind on free ports of loopback, for the tests only. Arguments: the
// return address at the first and at the second. Prints their addresses as one line of JSON.
// Whoever types a name is that person: both give one name as the same subject.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const client = (returnAddress) => ({
  client_id: "minsheng",
  client_secret: "geheim+4711%/of-the-tests",
  redirect_uris: [returnAddress],
  response_types: ["code"],
  grant_types: ["authorization_code"],
});

const listen = (server) =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

const start = async (returnAddress) => {
  const server = createServer();
  const issuer = `http://localhost:${await listen(server)}`;
  const provider = new Provider(issuer, {
    clients: [client(returnAddress)],
    cookies: { keys: ["a key of the tests"] },
    pkce: { required: () => true },
    findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  });
  server.on("request", provider.callback());
  return issuer;
};

// Ends with the tests, however they end.
process.stdin.on("end", () => process.exit(0)).resume();
const issuers = await Promise.all(process.argv.slice(2).map(start));
process.stdout.write(`${JSON.stringify(issuers)}\n`);
