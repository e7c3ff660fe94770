// What of ECharts the page needs: a line on a canvas, with its axes and a pointer.
import { LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

export type { EChartsType } from "echarts/core";
export { init };
