// The area that a reader draws: corners one by one, or a circle by its centre and radius.
import { type Area, type Place, circle, cut, distance } from "./geo";

export type Shape = "polygon" | "circle";

/** A geo query (§4.10): how, which geometry and where. */
export interface GeoQuery {
  georel: string;
  geometry: string;
  coordinates: string;
}

const LEAST_METRES = 10;
const MOST_METRES = 500_000;
export const FIRST_METRES = 500;

export class Sketch {
  shape = $state<Shape>("polygon");
  /** Whether taps on the map go to the sketch. */
  isOpen = $state(false);
  corners = $state.raw<Place[]>([]);
  center = $state.raw<Place | null>(null);
  metres = $state(FIRST_METRES);
  isDone = $derived(this.shape === "circle" ? this.center !== null : this.corners.length >= 3);

  begin(shape: Shape): void {
    this.clear();
    this.shape = shape;
    this.isOpen = true;
  }

  finish(): void {
    this.isOpen = false;
  }

  clear(): void {
    this.corners = [];
    this.center = null;
    this.isOpen = false;
  }

  /** A tap: the next corner, the centre, or how far the circle goes. */
  tap(place: Place): void {
    if (this.shape === "polygon") {
      this.corners = [...this.corners, place];
      return;
    }
    if (!this.center) {
      this.center = place;
      return;
    }
    this.widen(distance(this.center, place));
    this.finish();
  }

  undo(): void {
    this.corners = this.corners.slice(0, -1);
  }

  widen(metres: number): void {
    this.metres = Math.round(Math.min(Math.max(metres, LEAST_METRES), MOST_METRES));
  }

  /** What is drawn so far. */
  get features(): GeoJSON.Feature[] {
    const ring = this.shape === "circle" ? (this.center ? circle(this.center, this.metres) : []) : this.corners;
    const dots = this.shape === "circle" ? (this.center ? [this.center] : []) : this.isOpen ? this.corners : [];
    const features: GeoJSON.Feature[] = dots.map((coordinates) => feature({ type: "Point", coordinates }));
    const [first] = ring;
    if (first && ring.length > 2) features.push(feature({ type: "Polygon", coordinates: [[...ring, first]] }));
    else if (ring.length === 2) features.push(feature({ type: "LineString", coordinates: ring }));
    return features;
  }

  /** The question that the area comes to; null while it is none. */
  get query(): GeoQuery | null {
    if (!this.isDone) return null;
    if (this.shape === "circle" && this.center) {
      const coordinates = JSON.stringify(this.center.map((one) => Number(one.toFixed(6))));
      return { georel: `near;maxDistance==${this.metres}`, geometry: "Point", coordinates };
    }
    return queryOf(cut(this.corners), "within");
  }
}

export function queryOf(area: Area, georel: string): GeoQuery {
  return { georel, geometry: area.type, coordinates: JSON.stringify(area.coordinates) };
}

function feature(geometry: GeoJSON.Geometry): GeoJSON.Feature {
  return { type: "Feature", geometry, properties: {} };
}
