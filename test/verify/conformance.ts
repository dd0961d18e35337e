import "../../scripts/conformance.ts";
