import { SourceError } from '../../model/source-error.ts';
import { objectOf, textOf } from '../fields.ts';

/** A UUID today; in any case nothing that would change the path it becomes a part of. */
const identifier = /^[A-Za-z0-9-]{1,64}$/;

/**
 * The organization whose windows are read: the first with the capability `chat`. The first of the list is often one that
 * only has the API, and its usage answers 403 or zeros.
 * @throws {SourceError} `schema` when the body is no list of organizations, `forbidden` when none of them has chat.
 */
export function chatOrganization(body: unknown): string {
  if (!Array.isArray(body)) throw new SourceError('schema', 'the list of organizations is not a list');
  let readable = 0;
  for (const element of body) {
    const organization = objectOf(element);
    const uuid = textOf(organization?.get('uuid'));
    if (uuid === undefined || !identifier.test(uuid)) continue;
    readable += 1;
    const capabilities = organization?.get('capabilities');
    if (Array.isArray(capabilities) && capabilities.includes('chat')) return uuid;
  }
  if (readable === 0 && body.length > 0) throw new SourceError('schema', 'no element of the list of organizations can be read');
  throw new SourceError('forbidden', 'no organization of this account has chat; set CLAUDE_ORGANIZATION_ID');
}
