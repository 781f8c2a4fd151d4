/** How a metric is made and what it means. Units are UCUM (https://ucum.org); `{…}` are annotations. */
export interface MetricSpec {
  readonly kind: 'gauge' | 'counter' | 'up-down counter' | 'histogram';
  /** Empty: a flag or a number without a unit. `1` is for shares only: Prometheus appends `_ratio` to it. */
  readonly unit:
    | '1'
    | 's'
    | 'USD'
    | '{currency}'
    | '{token}'
    | '{read}'
    | '{request}'
    | '{point}'
    | '{span}'
    | '{series}'
    | '{revision}'
    | '{session}'
    | '{line}'
    | '{commit}'
    | '{pull_request}'
    | '{decision}'
    | '';
  readonly valueType: 'int' | 'double';
  readonly description: string;
  /** Attribute keys; `account` comes with every metric that has an account. */
  readonly attributes: readonly string[];
}
