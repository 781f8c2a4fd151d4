import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeSizing,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  type FieldConfig,
  FieldColorModeId,
  GraphDrawStyle,
  GraphThresholdsStyleMode,
  type GraphFieldConfig,
  type Panel,
  PercentChangeColorMode,
  SortOrder,
  StackingMode,
  type TableCellOptions,
  type TableOptions,
  type Threshold,
  ThresholdsMode,
  TooltipDisplayMode,
  type ValueMapping,
  VisibilityMode,
  VizOrientation,
} from '@grafana/schema';
import type { Options as BarGaugeOptions } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as TimelineOptions } from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type { Options as TimeSeriesOptions } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** The data source that the dashboard's variable chooses. */
export const datasource = { type: 'prometheus', uid: '${datasource}' } as const;

/** One query of a panel. */
export interface Target {
  readonly expr: string;
  /** Name of each series, with its labels in double braces. */
  readonly legend: string;
}

/** What every panel says. */
export interface PanelText {
  readonly title: string;
  /** What the numbers are, for the panel's corner. */
  readonly description: string;
  /** What it means that nothing is there: mostly, that it is not known. */
  readonly noValue: string;
  /** Grafana's id of the unit: `percentunit`, `s`, `currencyUSD`, `short`. */
  readonly unit: string;
  readonly decimals?: number;
  /** Colours from a value on; the first has none. */
  readonly steps?: readonly Threshold[];
  readonly mappings?: readonly ValueMapping[];
  readonly max?: number;
}

/** A panel that has no place yet: width in 24ths of the page, height in rows of 30 pixels. */
export type Placeable = Panel & { readonly size: readonly [width: number, height: number] };

/** Good below the first value, a warning from it on, bad from the second on. */
export function worseFrom(warning: number, bad: number): readonly Threshold[] {
  return [
    { color: 'green', value: null },
    { color: 'orange', value: warning },
    { color: 'red', value: bad },
  ];
}

/** Bad below the value. */
export function badBelow(value: number): readonly Threshold[] {
  return [
    { color: 'red', value: null },
    { color: 'green', value },
  ];
}

const uncoloured: readonly Threshold[] = [{ color: 'text', value: null }];

function field({ unit, noValue, decimals, steps, mappings, max }: PanelText): FieldConfig {
  return {
    unit,
    noValue,
    ...(decimals !== undefined && { decimals }),
    ...(max !== undefined && { min: 0, max }),
    ...(mappings !== undefined && { mappings: [...mappings] }),
    color: { mode: steps === undefined ? FieldColorModeId.PaletteClassicByName : FieldColorModeId.Thresholds },
    thresholds: { mode: ThresholdsMode.Absolute, steps: [...(steps ?? uncoloured)] },
  };
}

function targets(list: readonly Target[], how: 'now' | 'range' | 'table'): Record<string, unknown>[] {
  return list.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode(65 + index),
    datasource,
    editorMode: 'code',
    expr,
    legendFormat: legend,
    instant: how !== 'range',
    range: how === 'range',
    format: how === 'table' ? 'table' : 'time_series',
  }));
}

function panel(type: string, text: PanelText, size: Placeable['size'], list: Record<string, unknown>[], options: Record<string, unknown>, custom: object = {}): Placeable {
  return {
    type,
    title: text.title,
    description: text.description,
    datasource,
    targets: list,
    options,
    fieldConfig: { defaults: { ...field(text), custom: { ...custom } }, overrides: [] },
    size,
  };
}

const lastValue = { calcs: ['lastNotNull'], fields: '', values: false };

/** Big numbers, as of the end of the time range. */
export function stat(text: PanelText & { readonly named?: boolean }, size: Placeable['size'], ...list: readonly Target[]): Placeable {
  const options: StatOptions = {
    colorMode: text.steps === undefined ? BigValueColorMode.None : BigValueColorMode.Background,
    graphMode: BigValueGraphMode.None,
    justifyMode: BigValueJustifyMode.Center,
    orientation: VizOrientation.Auto,
    percentChangeColorMode: PercentChangeColorMode.Standard,
    reduceOptions: lastValue,
    showPercentChange: false,
    textMode: text.named === true ? BigValueTextMode.ValueAndName : BigValueTextMode.Value,
    wideLayout: true,
  };
  return panel('stat', text, size, targets(list, 'now'), { ...options });
}

/** A bar for each series, as of the end of the time range. */
export function bars(text: PanelText, size: Placeable['size'], ...list: readonly Target[]): Placeable {
  const options: BarGaugeOptions = {
    displayMode: BarGaugeDisplayMode.Basic,
    legend: { calcs: [], placement: 'bottom', showLegend: false },
    maxVizHeight: 36,
    minVizHeight: 16,
    minVizWidth: 8,
    namePlacement: BarGaugeNamePlacement.Left,
    orientation: VizOrientation.Horizontal,
    reduceOptions: lastValue,
    showUnfilled: true,
    sizing: BarGaugeSizing.Auto,
    valueMode: BarGaugeValueMode.Text,
  };
  const made = panel('bargauge', text, size, targets(list, 'now'), { ...options });
  const { defaults } = made.fieldConfig ?? { defaults: {} };
  // Else the least of the values has no bar.
  return { ...made, fieldConfig: { defaults: { ...defaults, min: 0 }, overrides: [] } };
}

/** How series over time are drawn. */
export interface Drawing {
  readonly stacked?: boolean;
  /** The shortest time between two points: a query that counts over `$__interval` or `$__rate_interval` needs some samples in it. */
  readonly interval?: string;
  /** Lines where colours change. */
  readonly lines?: boolean;
}

/** Series over the time range: stacked bars where they add up, else lines, which end where nothing is known. */
export function overTime(text: PanelText, size: Placeable['size'], drawing: Drawing, ...list: readonly Target[]): Placeable {
  const options: TimeSeriesOptions = {
    legend: { calcs: [], placement: 'bottom', showLegend: true },
    tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
  };
  const custom: GraphFieldConfig = {
    drawStyle: drawing.stacked === true ? GraphDrawStyle.Bars : GraphDrawStyle.Line,
    fillOpacity: drawing.stacked === true ? 80 : 0,
    lineWidth: drawing.stacked === true ? 0 : 2,
    spanNulls: false,
    stacking: { mode: drawing.stacked === true ? StackingMode.Normal : StackingMode.None },
    thresholdsStyle: { mode: drawing.lines === true ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off },
  };
  const made = panel('timeseries', text, size, targets(list, 'range'), { ...options }, custom);
  const { defaults } = made.fieldConfig ?? { defaults: {} };
  // Colours from a value on are for the lines across; series keep one of their own.
  const fieldConfig = { defaults: { ...defaults, color: { mode: FieldColorModeId.PaletteClassicByName }, min: 0 }, overrides: [] };
  return { ...made, fieldConfig, ...(drawing.interval !== undefined && { interval: drawing.interval }) };
}

/** States over the time range, a row for each series. */
export function timeline(text: PanelText, size: Placeable['size'], target: Target): Placeable {
  const options: TimelineOptions = {
    legend: { calcs: [], placement: 'bottom', showLegend: false },
    mergeValues: true,
    rowHeight: 0.8,
    showValue: VisibilityMode.Never,
    tooltip: { mode: TooltipDisplayMode.Single, sort: SortOrder.None },
  };
  return panel('state-timeline', text, size, targets([target], 'range'), { ...options }, { fillOpacity: 80, lineWidth: 0 });
}

/** A column of numbers in a table. */
export interface Column {
  readonly expr: string;
  readonly name: string;
  readonly unit: string;
  readonly decimals?: number;
  readonly steps?: readonly Threshold[];
  readonly mappings?: readonly ValueMapping[];
  readonly cell?: TableCellOptions;
  /** Where a cell's bar is full: from 0 on. Without it Grafana takes the range of all the table's numbers, of whatever unit. */
  readonly max?: number;
}

/**
 * A table with a row for each set of labels, and a column for each query.
 * @param names labels that are shown, with their headings in the order they are to have; others are hidden.
 */
export function table(text: PanelText, size: Placeable['size'], names: Readonly<Record<string, string>>, columns: readonly Column[]): Placeable {
  const options: TableOptions = {
    frameIndex: 0,
    showHeader: true,
    sortBy: [{ displayName: columns[0]?.name ?? '', desc: true }],
  };
  const list = columns.map(({ expr, name }) => ({ expr, legend: name }));
  const made = panel('table', text, size, targets(list, 'table'), { ...options });
  // With one query Grafana calls the column Value, with more Value #A and so on.
  const valueField = (index: number): string => (columns.length === 1 ? 'Value' : `Value #${String.fromCharCode(65 + index)}`);
  const order = [...Object.keys(names), ...columns.map((_, index) => valueField(index))];
  return {
    ...made,
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: Object.fromEntries(order.map((name, index) => [name, index])),
          renameByName: { ...names, ...Object.fromEntries(columns.map(({ name }, index) => [valueField(index), name])) },
        },
      },
    ],
    fieldConfig: {
      defaults: made.fieldConfig?.defaults ?? {},
      overrides: columns.map((column) => ({ matcher: { id: 'byName', options: column.name }, properties: properties(column) })),
    },
  };
}

function properties({ unit, decimals, steps, mappings, cell, max }: Column): { id: string; value: unknown }[] {
  return [
    { id: 'unit', value: unit },
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(steps === undefined ? [] : [{ id: 'thresholds', value: { mode: ThresholdsMode.Absolute, steps } }]),
    ...(steps === undefined ? [] : [{ id: 'color', value: { mode: FieldColorModeId.Thresholds } }]),
    ...(mappings === undefined ? [] : [{ id: 'mappings', value: mappings }]),
    ...(cell === undefined ? [] : [{ id: 'custom.cellOptions', value: cell }]),
    ...(max === undefined ? [] : [{ id: 'min', value: 0 }, { id: 'max', value: max }]),
  ];
}
