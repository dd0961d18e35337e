import { FIRST_ID, type Lane, type Session } from "./lanes/lane.ts";
import { cpuMsOf } from "./machine.ts";

/** A lane whose Worker runs. */
export interface RunningLane {
  readonly lane: Lane;
  readonly port: number;
  /** The process of the Worker. */
  readonly pid: number;
}

/** What one lane did in one round. */
export interface Sample {
  readonly calls: number;
  readonly elapsedMs: number;
  /** Processor time of workerd; `undefined` where the system does not tell. */
  readonly serverCpuMs: number | undefined;
  /** Processor time of this process. */
  readonly clientCpuMs: number;
}

/** How often and how long lanes run, beside each other. */
export interface Schedule {
  readonly rounds: number;
  readonly seconds: number;
}

/** Before a round counts: the lane's object may have slept while the others ran. */
const WARM_UP_MS = 150;
/** Before the first round: the compiler of a fresh process. */
const FIRST_WARM_UP_MS = 700;

/** Calls every lane over as many connections, in rounds whose order rotates. Returns the samples of each lane, a round each. */
export async function measureRounds(lanes: readonly RunningLane[], connections: number, schedule: Schedule): Promise<Sample[][]> {
  const clients = await Promise.all(lanes.map(({ lane, port }) => Client.open(lane, port, connections)));
  const samples: Sample[][] = lanes.map(() => []);
  try {
    for (const client of clients) await client.callFor(FIRST_WARM_UP_MS);
    for (let round = 0; round < schedule.rounds; round++) {
      for (let turn = 0; turn < lanes.length; turn++) {
        const index = (round + turn) % lanes.length;
        const [client, running] = [clients[index], lanes[index]];
        if (client && running) samples[index]?.push(await measure(client, running.pid, schedule.seconds * 1000));
      }
    }
  } finally {
    for (const client of clients) client.close();
  }
  return samples;
}

async function measure(client: Client, pid: number, durationMs: number): Promise<Sample> {
  await client.callFor(WARM_UP_MS);
  const serverBeforeMs = cpuMsOf(pid);
  const clientBefore = process.cpuUsage();
  const startedMs = performance.now();
  const calls = await client.callFor(durationMs);
  const elapsedMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(clientBefore);
  const serverAfterMs = cpuMsOf(pid);
  const serverCpuMs = serverBeforeMs === undefined || serverAfterMs === undefined ? undefined : serverAfterMs - serverBeforeMs;
  return { calls, elapsedMs, serverCpuMs, clientCpuMs: (user + system) / 1000 };
}

/** Connections that each make one call after the other. */
class Client {
  readonly #sessions: readonly Session[];
  #lastId = FIRST_ID;

  private constructor(sessions: readonly Session[]) {
    this.#sessions = sessions;
  }

  static async open(lane: Lane, port: number, connections: number): Promise<Client> {
    const sessions: Session[] = [];
    for (let i = 0; i < connections; i++) sessions.push(await lane.open(port));
    return new Client(sessions);
  }

  /** Returns how many calls were answered, every one of them checked. */
  async callFor(durationMs: number): Promise<number> {
    const firstId = this.#lastId;
    const endMs = performance.now() + durationMs;
    await Promise.all(
      this.#sessions.map(async (session) => {
        while (performance.now() < endMs) await session.call(++this.#lastId);
      })
    );
    return this.#lastId - firstId;
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }
}
