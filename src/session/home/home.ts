import type { SessionAgentClass } from "../session-agent.ts";

/** The object that owns what belongs to one principal. It is the session of each of its stateless requests. Wiring only. */
export function homeOf(Base: SessionAgentClass) {
  return class Home extends Base {};
}
