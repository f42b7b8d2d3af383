// Package wire is what the gateway of the race tells its driver, as lines of JSON.
package wire

// Hello is the first line: where the gateway is.
type Hello struct {
	URL    string `json:"url"`
	APIURL string `json:"api_url"`
	Token  string `json:"token"`
}

// Report is what was written to the newest session of each shard.
type Report struct {
	Connections int64   `json:"connections"` // upgraded since the start
	Resumes     int64   `json:"resumes"`     // accepted since the start
	Last        []int64 `json:"last"`        // the last sequence, by shard
	Bytes       []int64 `json:"bytes"`       // of WebSocket frames, before TLS, by shard
}
