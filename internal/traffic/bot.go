package traffic

import "strconv"

// DefaultBotID is the id of the bot that is served, and of its application, unless a caller wants
// another.
const DefaultBotID = 512333785338216465

// Bot appends the user object that the bot gets of itself: in READY, and by REST (Discord: "User
// Object").
func Bot(dst []byte, id uint64) []byte {
	dst = append(dst, `{"verified":true,"username":"sluice","public_flags":524288,"primary_guild":null,"mfa_enabled":true,"locale":"en-US","id":"`...)
	dst = strconv.AppendUint(dst, id, 10)
	return append(dst, `","global_name":null,"flags":524288,"email":null,"discriminator":"4821","collectibles":null,"clan":null,`+
		`"bot":true,"bio":"","banner_color":null,"banner":null,"avatar_decoration_data":null,"avatar":null,"accent_color":null}`...)
}

// BotUser appends the user object that everybody gets of the bot: in messages and members.
func BotUser(dst []byte, id uint64) []byte {
	dst = append(dst, `{"username":"sluice","public_flags":524288,"primary_guild":null,"id":"`...)
	dst = strconv.AppendUint(dst, id, 10)
	return append(dst, `","global_name":null,"discriminator":"4821","collectibles":null,"clan":null,"bot":true,"avatar_decoration_data":null,"avatar":null}`...)
}

// Application appends the bot's application as REST shows it (Discord: "Application Object").
func Application(dst []byte, id uint64) []byte {
	dst = append(dst, `{"id":"`...)
	dst = strconv.AppendUint(dst, id, 10)
	dst = append(dst, `","name":"sluice","icon":null,"description":"A bot under test.","summary":"","type":null,"is_monetized":false,`+
		`"is_verified":false,"is_discoverable":false,"bot_public":true,"bot_require_code_grant":false,"bot":`...)
	dst = BotUser(dst, id)
	dst = append(dst, `,"owner":{"id":"80351110224678912","username":"owner","avatar":null,"discriminator":"0","public_flags":0,"flags":0,`+
		`"banner":null,"accent_color":null,"global_name":"Owner","avatar_decoration_data":null,"collectibles":null,"banner_color":null,`+
		`"clan":null,"primary_guild":null},"team":null,"verify_key":"1e0a356058d627ca38a5c8c9648818061d49e49bd9da9e3ab17d98ad4d6bg2u8",`+
		`"flags":565248,"hook":true,"storefront_available":false,"integration_types_config":{"0":{"oauth2_install_params":{"scopes":["applications.commands","bot"],`+
		`"permissions":"0"}}},"approximate_guild_count":0,"approximate_user_install_count":0,"approximate_user_authorization_count":0,`+
		`"redirect_uris":[],"interactions_endpoint_url":null,"role_connections_verification_url":null,"explicit_content_filter":0,`+
		`"event_webhooks_status":1,"event_webhooks_url":null,"event_webhooks_types":[],"install_params":{"scopes":["applications.commands","bot"],"permissions":"0"},"tags":[],`+
		`"rpc_origins":[],"terms_of_service_url":null,"privacy_policy_url":null,"custom_install_url":null}`...)
	return dst
}
