// The whole of npm run conformance: its exit code is the check's.
import "../../scripts/conformance.ts";
