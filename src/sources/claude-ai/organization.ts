import { SourceError } from '../../model/source-error.ts';
import { objectOf, textOf } from '../fields.ts';

/**
 * The organization whose windows are read: the first with the capability `chat`. The first of the list is often one that
 * only has the API, and its usage answers 403 or zeros.
 * @throws {SourceError} `schema` when the body is no list, `forbidden` when no organization of it has chat.
 */
export function chatOrganization(body: unknown): string {
  if (!Array.isArray(body)) throw new SourceError('schema', 'the list of organizations is not a list');
  for (const element of body) {
    const organization = objectOf(element);
    const capabilities = organization?.get('capabilities');
    const uuid = textOf(organization?.get('uuid'));
    if (uuid !== undefined && Array.isArray(capabilities) && capabilities.includes('chat')) return uuid;
  }
  throw new SourceError('forbidden', 'no organization of this account has chat; set CLAUDE_ORGANIZATION_ID');
}
