"""Follows a topic with paho-mqtt and prints what comes, one JSON object a line.

Arguments: port, topic, version (3 or 5), quality of service. The session outlives a restart of the broker.
"""

import json
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

port, topic, version, quality = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def say(what):
    print(json.dumps(what), flush=True)


def connected(client, userdata, flags, reason, properties):
    if not flags.session_present:
        client.subscribe(topic, qos=quality)


def message(client, userdata, heard):
    say({"topic": heard.topic, "qos": heard.qos, "message": json.loads(heard.payload)})


kept = {"protocol": mqtt.MQTTv5} if version == 5 else {"protocol": mqtt.MQTTv311, "clean_session": False}
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="paho", **kept)
client.on_connect = connected
client.on_message = message
client.on_subscribe = lambda *_: say("subscribed")
client.reconnect_delay_set(min_delay=1, max_delay=1)
if version == 5:
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 600
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
else:
    client.connect("127.0.0.1", port)
client.loop_forever(retry_first_connection=True)
