// The whole of npm run conformance: its exit code is the check's.
await import("../../scripts/conformance.ts");
