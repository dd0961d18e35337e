// Stands in the bundle for packages that dependencies import and that nothing here reaches (`[alias]` in wrangler.toml): a fifth of its size.
// - mimetext: `agents` writes emails with it.
// - ajv, ajv-formats: SDK v1 validates with them unless it is given another validator, and they need eval, which Workers do not have.

const absent = (): never => {
  throw new Error("This package is not in the bundle: see [alias] in wrangler.toml.");
};

export const createMimeMessage = absent;
export const Ajv = absent;
export default absent;
