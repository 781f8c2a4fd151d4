/** The port of an http or https address: a URL leaves out the one that its scheme has anyway. */
export function portOf({ protocol, port }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}
