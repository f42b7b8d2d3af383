package traffic

// Two real first messages of Discord's gateway, whole: what came over the wire in
// one WebSocket message each, and the JSON within. They are shared: not to be
// written.
var (
	// HelloZlib is a hello under zlib-stream.
	HelloZlib = []byte{
		120, 156, 52, 201, 65, 10, 131, 48, 16, 5, 208, 187, 252, 117, 82, 98, 169, 32, 115, 21, 35, 50,
		53, 67, 27, 136, 81, 226, 216, 82, 66, 238, 222, 110, 186, 123, 240, 42, 20, 148, 207, 148, 12, 142,
		63, 182, 29, 212, 57, 131, 0, 170, 120, 10, 23, 189, 11, 235, 28, 179, 74, 121, 113, 2, 221, 186,
		107, 255, 251, 89, 11, 47, 2, 26, 49, 122, 60, 88, 229, 205, 31, 187, 151, 96, 87, 142, 217, 14,
		253, 16, 60, 76, 245, 88, 227, 82, 182, 195, 131, 220, 197, 181, 9, 83, 107, 95, 0, 0, 0, 255, 255,
	}

	// HelloZlibJSON is what HelloZlib inflates to.
	HelloZlibJSON = []byte(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["[\"gateway-prd-main-858d\",{\"micros\":0.0}]"]}}`)

	// HelloZstd is a hello under zstd-stream: a frame header without a checksum
	// and with a window of 256 KiB, and one block of a frame that goes on.
	HelloZstd = []byte{
		40, 181, 47, 253, 0, 64, 100, 3, 0, 66, 7, 25, 28, 112, 137, 115, 116, 40, 208, 203, 85, 255, 167,
		74, 75, 126, 203, 222, 231, 255, 151, 18, 211, 212, 171, 144, 151, 210, 255, 51, 4, 49, 34, 71, 98,
		2, 36, 253, 122, 141, 99, 203, 225, 11, 162, 47, 133, 241, 6, 201, 82, 245, 91, 206, 247, 164, 226,
		156, 92, 108, 130, 123, 11, 95, 199, 15, 61, 179, 117, 157, 28, 37, 65, 64, 25, 250, 182, 8, 199,
		205, 44, 73, 47, 19, 218, 45, 27, 14, 245, 202, 81, 82, 122, 167, 121, 71, 173, 61, 140, 190, 15, 3,
		1, 0, 36, 74, 18,
	}

	// HelloZstdJSON is what HelloZstd decompresses to.
	HelloZstdJSON = []byte(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["[\"gateway-prd-us-east1-c-7s4x\",{\"micros\":0.0}]"]}}`)
)
