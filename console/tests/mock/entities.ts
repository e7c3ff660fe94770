// A small town's entities, of every kind of attribute, made up for the tests.
type Members = Record<string, unknown>;

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

function stamped(seconds: number, entity: Members): Members {
  const times = { createdAt: ago(seconds + 86_400), modifiedAt: ago(seconds) };
  const members = Object.entries(entity).map(([name, value]) => [name, isAttribute(value) ? { ...value, ...times } : value]);
  return { ...Object.fromEntries(members), ...times };
}

function isAttribute(value: unknown): value is Members {
  return typeof value === "object" && value !== null && "type" in value;
}

export const RIVER = "urn:ngsi-ld:WaterLevelObserved:hinogawa-fukami";

export function river(level: number, seconds = 4): Members {
  return stamped(seconds, {
    id: RIVER,
    type: "WaterLevelObserved",
    scope: "/fukui/river",
    name: {
      type: "LanguageProperty",
      languageMap: { ja: "日野川 深見観測所", en: "Hino River, Fukami station", "zh-Hans": "日野川 深见观测站" },
    },
    waterLevel: {
      type: "Property",
      value: level,
      unitCode: "MTR",
      observedAt: ago(seconds + 40),
      accuracy: { type: "Property", value: 0.01, unitCode: "MTR" },
      measuredBy: { type: "Relationship", object: "urn:ngsi-ld:Device:gauge-17" },
    },
    flow: [
      { type: "Property", value: 38.25, unitCode: "MQS", observedAt: ago(seconds + 40) },
      { type: "Property", value: 41, unitCode: "MQS", datasetId: "urn:ngsi-ld:Dataset:forecast" },
    ],
    isFlooding: { type: "Property", value: false },
    status: { type: "VocabProperty", vocab: "normal" },
    location: { type: "GeoProperty", value: { type: "Point", coordinates: [136.184412, 35.943817] } },
    reach: {
      type: "GeoProperty",
      value: { type: "LineString", coordinates: [[136.18, 35.94], [136.19, 35.95], [136.2, 35.96]] },
    },
    thresholds: { type: "JsonProperty", json: { 水防団待機: 2.5, 氾濫注意: 3, 避難判断: 4.2, 氾濫危険: 4.6 } },
    nextSurvey: { type: "Property", value: { "@type": "DateTime", "@value": "2026-04-01T00:00:00Z" } },
    "https://smartdatamodels.org/dataModel.WaterDistribution/operationalStatusOfTheGauge": {
      type: "Property",
      value: "working as intended, with a description that is rather long and has to be broken over several lines",
    },
  });
}

/** A town with this many rooms beside the river. */
export function town(rooms: number): Members[] {
  const room = (n: number): Members =>
    stamped(n * 61, {
      id: `urn:ngsi-ld:Room:${n}`,
      type: "Room",
      name: { type: "Property", value: `会議室${n}` },
      temperature: { type: "Property", value: 18 + (n % 70) / 10, unitCode: "CEL", observedAt: ago(n * 61) },
      humidity: { type: "Property", value: 40 + (n % 20), unitCode: "P1" },
      isPartOf: { type: "Relationship", object: "urn:ngsi-ld:Building:town-hall" },
    });
  const others = [
    { id: "urn:ngsi-ld:Building:town-hall", type: "Building", name: { type: "Property", value: "町役場" } },
    { id: "urn:ngsi-ld:Device:gauge-17", type: "Device", batteryLevel: { type: "Property", value: 0.87 } },
    { id: "urn:ngsi-ld:BusStop:ekimae", type: ["BusStop", "PointOfInterest"], name: { type: "Property", value: "駅前" } },
  ].map((one) => stamped(7200, one));
  return [river(1.42), ...Array.from({ length: rooms }, (_, n) => room(n + 1)), ...others];
}

export const SUBSCRIPTION: Members = {
  id: "urn:ngsi-ld:Subscription:river-watch",
  type: "Subscription",
  subscriptionName: "river-watch",
  entities: [{ type: "WaterLevelObserved" }],
  watchedAttributes: ["waterLevel"],
  q: "waterLevel>2.5",
  status: "active",
  notification: {
    endpoint: { uri: "http://127.0.0.1:9000/alarm", accept: "application/json" },
    timesSent: 3,
    timesFailed: 1,
    lastNotification: ago(95),
  },
};
