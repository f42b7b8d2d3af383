// The race's client on @discordjs/ws, in one thread. What it is told and what it
// answers is defined in ../client/client.go.

import process from 'node:process';
import { createInterface } from 'node:readline';
import { REST } from '@discordjs/rest';
import { CompressionMethod, WebSocketManager, WebSocketShardEvents } from '@discordjs/ws';

const { RACE_API_URL, RACE_TOKEN, RACE_COMPRESS } = process.env;
const shards = Number(process.env.RACE_SHARDS);
const last = new Array(shards).fill(0);
let events = 0;
let faults = 0;

// zlib-sync, where it could be built, is what the library recommends for speed.
const zlib = await import('zlib-sync').then(
	() => CompressionMethod.ZlibSync,
	() => CompressionMethod.ZlibNative,
);
const compressions = {
	none: {},
	payload: { useIdentifyCompression: true },
	'zlib-stream': { compression: zlib },
};
if (!(RACE_COMPRESS in compressions)) {
	throw new Error(`@discordjs/ws has no compression ${RACE_COMPRESS}`);
}

async function connect() {
	const rest = new REST({ api: RACE_API_URL.replace(/\/v10$/, ''), version: '10' }).setToken(RACE_TOKEN);
	const manager = new WebSocketManager({
		token: RACE_TOKEN,
		intents: 53608447,
		shardCount: shards,
		rest,
		...compressions[RACE_COMPRESS],
	});
	manager.on(WebSocketShardEvents.Error, (error, shardId) => console.error(shardId, error));
	manager.on(WebSocketShardEvents.Closed, (code, shardId) => console.error(shardId, 'closed', code));
	manager.on(WebSocketShardEvents.Dispatch, (payload, shardId) => {
		events++;
		if (payload.s !== last[shardId] + 1) faults++;
		last[shardId] = payload.s;
	});
	await manager.connect();
}

const answer = () => console.log(JSON.stringify({ events, faults, last }));

createInterface({ input: process.stdin })
	.on('line', (order) => {
		if (order === 'start') {
			connect().catch((error) => {
				console.error(error);
				process.exit(1);
			});
		} else {
			answer();
		}
	})
	.on('close', () => {
		answer();
		process.exit(0);
	});
