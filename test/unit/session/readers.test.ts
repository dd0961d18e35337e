import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";

it.each([1000, 1004, 1005, 1006, 1013, 1015])("lets go of a reader that is gone with code %d", async (code) => {
  const stub = env.SESSION.get(env.SESSION.idFromName(`session:reader-${code}`));
  await runInDurableObject(stub, (object, ctx) => {
    const { 0: client, 1: server } = new WebSocketPair();
    ctx.acceptWebSocket(server);
    client.accept();
    expect(() => object.webSocketClose(server, code)).not.toThrow();
  });
});
