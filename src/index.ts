export class SessionAgent {}
export default {};
