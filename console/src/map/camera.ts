// Where the map stands, as the address of the page writes it: latitude, longitude and zoom.
export interface Camera {
  latitude: number;
  longitude: number;
  zoom: number;
}

const MOST_ZOOM = 20;

/** Null where the text is none. */
export function readCamera(text: string): Camera | null {
  const [latitude, longitude, zoom] = text.split(",").map(Number);
  const isPlace = Number.isFinite(latitude) && Number.isFinite(longitude) && Number.isFinite(zoom) && text !== "";
  if (!isPlace || Math.abs(latitude ?? 0) > 85 || Math.abs(longitude ?? 0) > 540) return null;
  return { latitude: latitude ?? 0, longitude: longitude ?? 0, zoom: Math.min(Math.max(zoom ?? 0, 0), MOST_ZOOM) };
}

export function writeCamera({ latitude, longitude, zoom }: Camera): string {
  return `${Number(latitude.toFixed(5))},${Number(longitude.toFixed(5))},${Number(zoom.toFixed(2))}`;
}
