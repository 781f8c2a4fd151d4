import { type Resource, detectResources, resourceAttributesEnvDetector, resourceFromAttributes, serviceNameEnvDetector } from '@opentelemetry/resources';
import { v5 as uuidV5 } from 'uuid';

/** Any UUID would do; this one is the project's for good, as the instance id is made from it. */
const namespace = '5d0c3f0e-6f0b-4b52-9c0a-7f9f2f2f6a11';

const defaultServiceName = 'claude-usage-metrics';

/**
 * The resource of the metrics: what the user names, a service name, and an instance id that is the same on every host and
 * in every run with the same sources. Nothing of host, process or version: a new one would start every series anew.
 * @param sources `source/account` of every configured source.
 */
export function metricsResource(sources: readonly string[]): Resource {
  const named = detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] });
  const name = named.attributes['service.name'];
  const serviceName = typeof name === 'string' ? name : defaultServiceName;
  const made = resourceFromAttributes({
    'service.name': serviceName,
    'service.instance.id': uuidV5([serviceName, ...[...sources].sort()].join('\n'), namespace),
  });
  return made.merge(named);
}
