// What a dashboard for Grafana may hold, as Grafana itself declares it. tests/system/dashboards appends each dashboard as
// `const dashboard: Board = {…}` and has TypeScript check it, so that a key that is misspelt or of the wrong type is an
// error. Grafana would ignore it without a word.
import type { AnnotationQuery, Dashboard, Panel, RowPanel, VariableModel } from '@grafana/schema';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as timeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as series from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// JSON has an enumerator's value where TypeScript wants its name.
type Json<T> = T extends string ? `${T}`
  : T extends number | boolean | null | undefined ? T
  : T extends Array<infer Item> ? Json<Item>[]
  : unknown extends T ? T
  : T extends object ? { [Key in keyof T]: Json<T[Key]> }
  : T;

// Of @grafana/prometheus, which is no package of types alone.
interface Query {
  refId: string;
  datasource: { type: 'prometheus'; uid: '${datasource}' };
  expr: string;
  legendFormat: string;
  editorMode: 'code';
  range: boolean;
  instant?: boolean;
  format?: 'table' | 'heatmap';
}
interface Annotation extends Omit<AnnotationQuery, 'target'> {
  expr: string;
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime: boolean;
  step: string;
}
interface Variable extends VariableModel {
  definition?: string;
}

// Grafana fills in what an option's value is where none is given.
type Of<Type extends string, Options, Custom> = Omit<Json<Panel>, 'type' | 'options' | 'fieldConfig' | 'targets'> & {
  type: Type;
  description: string;
  options: Partial<Json<Options>>;
  fieldConfig: Omit<NonNullable<Json<Panel['fieldConfig']>>, 'defaults'> & {
    defaults: Omit<NonNullable<Json<Panel['fieldConfig']>>['defaults'], 'custom'> & { custom?: Partial<Json<Custom>> };
  };
  targets: Query[];
};
type AnyPanel =
  | Of<'stat', stat.Options, never>
  | Of<'timeseries', series.Options, series.FieldConfig>
  | Of<'state-timeline', timeline.Options, timeline.FieldConfig>
  | Of<'table', table.Options, table.FieldConfig>
  | Of<'bargauge', bargauge.Options, never>
  | Of<'heatmap', heatmap.Options, heatmap.FieldConfig>;

type Board = Omit<Json<Dashboard>, 'panels' | 'annotations' | 'templating'> & {
  panels: (AnyPanel | Json<RowPanel>)[];
  annotations: { list: Json<Annotation>[] };
  templating: { list: Json<Variable>[] };
};
