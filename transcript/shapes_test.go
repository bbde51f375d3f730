package transcript

import (
	"strings"
	"testing"
	"time"
)

// shapeCases are what vendors document, and variants of it.
var shapeCases = []struct{ name, json, want string }{
	{"Gong, two calls", `{"callTranscripts": [{"callId": "1", "transcript": [{"speakerId": "77", "topic": "Small Talk", "sentences": [{"start": 1500, "end": 2500, "text": "Hi."}]}]},
			{"callId": "2", "transcript": [{"speakerId": "88", "sentences": [{"start": 0, "end": 900, "text": "Bye."}]}]}]}`,
		"1 unknown: Speaker 77/other@1.5s-2.5s: Hi. || 2 unknown: Speaker 88/other@0s-900ms: Bye."},
	{"AssemblyAI, two channels", `{"id": "a", "utterances": [{"channel": "1", "speaker": "1A", "start": 250, "end": 2650, "text": "Shall we begin?"}, {"channel": "2", "speaker": "2A", "start": 3050, "end": 5000, "text": "Yes please."}]}`,
		"a unknown: 1A/other@250ms-2.65s: Shall we begin? | 2A/other@3.05s-5s: Yes please."},
	{"AssemblyAI, no speakers", `{"id": "a", "text": "Shall we begin?", "utterances": null, "words": [{"text": "Shall", "start": 250, "end": 400, "speaker": null}]}`,
		"a unknown: /other: Shall we begin?"},
	{"Deepgram, two channels", `{"results": {"utterances": [{"start": 0.5, "end": 1, "channel": 0, "transcript": "Hi."}, {"start": 1.5, "end": 2, "channel": 1, "transcript": "Yes?"}]}}`,
		"1 unknown: Channel 0/other@500ms-1s: Hi. | Channel 1/other@1.5s-2s: Yes?"},
	{"Deepgram, two channels, speakers in each", `{"results": {"utterances": [{"start": 0.5, "end": 1, "channel": 0, "speaker": 0, "transcript": "Hi."},
			{"start": 1.5, "end": 2, "channel": 1, "speaker": 0, "transcript": "Yes?"}, {"start": 2.5, "end": 3, "channel": 1, "speaker": 1, "transcript": "Me too."}]}}`,
		"1 unknown: Channel 0/other@500ms-1s: Hi. | Channel 1, speaker 0/other@1.5s-2s: Yes? | Speaker 1/other@2.5s-3s: Me too."},
	{"Deepgram, paragraphs", `{"metadata": {"request_id": "r", "duration": 12.5}, "results": {"channels": [{"alternatives": [{"transcript": "hi yes", "paragraphs": {"transcript": "…", "paragraphs": [
			{"speaker": 0, "start": 0.5, "end": 1, "sentences": [{"text": "Hi.", "start": 0.5, "end": 1}]}, {"speaker": 1, "sentences": [{"text": "Yes?", "start": 1.5, "end": 2}, {"text": "No.", "start": 2, "end": 3}]}]}}]}]}}`,
		"1 unknown: Speaker 0/other@500ms-1s: Hi. | Speaker 1/other@1.5s-3s: Yes? No."},
	{"Deepgram, words", `{"results": {"channels": [{"alternatives": [{"transcript": "hi there yes", "words": [{"word": "hi", "punctuated_word": "Hi", "start": 0.5, "end": 0.6, "speaker": 0},
			{"word": "there", "punctuated_word": "there.", "start": 0.6, "end": 0.9, "speaker": 0}, {"word": "yes", "punctuated_word": "Yes.", "start": 1, "end": 1.5, "speaker": 1}]}]}]}}`,
		"1 unknown: Speaker 0/other@500ms-900ms: Hi there. | Speaker 1/other@1s-1.5s: Yes."},
	{"Deepgram, a text for each channel", `{"results": {"channels": [{"alternatives": [{"transcript": "hi there", "words": []}]}, {"alternatives": [{"transcript": "yes", "words": []}]}]}}`,
		"1 unknown: Channel 0/other: hi there | Channel 1/other: yes"},
	{"Deepgram, words of two channels", `{"results": {"channels": [{"alternatives": [{"words": [{"word": "hi", "start": 0.5, "end": 0.6}, {"word": "bye", "start": 3, "end": 4}]}]}, {"alternatives": [{"words": [{"word": "yes", "start": 1, "end": 1.5}]}]}]}}`,
		"1 unknown: Channel 0/other@500ms-600ms: hi | Channel 1/other@1s-1.5s: yes | Channel 0/other@3s-4s: bye"},
	{"Deepgram, a text", `{"results": {"channels": [{"alternatives": [{"transcript": "hi there"}]}]}}`, "1 unknown: /other: hi there"},
	{"AWS Transcribe, segments of speakers", `{"jobName": "j", "results": {"transcripts": [{"transcript": "Hi. Yes?"}], "speaker_labels": {"speakers": 2, "segments": [
			{"start_time": "0.4", "end_time": "0.7", "speaker_label": "spk_0", "items": [{"start_time": "0.4", "end_time": "0.7", "speaker_label": "spk_0"}]},
			{"start_time": "1.0", "end_time": "1.2", "speaker_label": "spk_1", "items": [{"start_time": "1.0", "end_time": "1.2", "speaker_label": "spk_1"}]}]},
			"items": [{"start_time": "0.4", "end_time": "0.7", "alternatives": [{"confidence": "1.0", "content": "Hi"}], "type": "pronunciation"}, {"alternatives": [{"content": "."}], "type": "punctuation"},
			{"start_time": "1.0", "end_time": "1.2", "alternatives": [{"content": "Yes"}], "type": "pronunciation"}, {"alternatives": [{"content": "?"}], "type": "punctuation"}]}}`,
		"1 unknown: spk_0/other@400ms-700ms: Hi. | spk_1/other@1s-1.2s: Yes?"},
	{"AWS Transcribe, channels", `{"results": {"transcripts": [{"transcript": "Hi Yes"}], "channel_labels": {"number_of_channels": 2, "channels": [
			{"channel_label": "ch_0", "items": [{"start_time": "0.4", "end_time": "0.7", "alternatives": [{"content": "Hi"}], "type": "pronunciation"}, {"start_time": "3.0", "end_time": "3.3", "alternatives": [{"content": "Bye"}]}]},
			{"channel_label": "ch_1", "items": [{"start_time": "1.0", "end_time": "1.2", "alternatives": [{"content": "Yes"}], "type": "pronunciation"}]}]}, "items": []}}`,
		"1 unknown: ch_0/other@400ms-700ms: Hi | ch_1/other@1s-1.2s: Yes | ch_0/other@3s-3.3s: Bye"},
	{"AWS Transcribe, a text", `{"jobName": "j", "results": {"transcripts": [{"transcript": "Hi. Yes?"}], "items": []}}`, "1 unknown: /other: Hi. Yes?"},
	{"Contact Lens", `{"Version": "1.1.0", "Channel": "VOICE", "Participants": [{"ParticipantId": "AGENT", "ParticipantRole": "AGENT"}, {"ParticipantId": "c-1", "ParticipantRole": "CUSTOMER"}],
			"Transcript": [{"Id": "1", "ParticipantId": "AGENT", "Content": "Hi.", "BeginOffsetMillis": 10, "EndOffsetMillis": 500}, {"Id": "2", "ParticipantId": "c-1", "Content": "Yes?", "BeginOffsetMillis": 900, "EndOffsetMillis": 1500}]}`,
		"1 unknown: AGENT/agent@10ms-500ms: Hi. | c-1/customer@900ms-1.5s: Yes?"},
	{"Contact Lens, in progress", `{"Segments": [{"Transcript": {"Id": "1", "ParticipantId": "AGENT", "ParticipantRole": "AGENT", "Content": "Hi.", "BeginOffsetMillis": 10, "EndOffsetMillis": 500}}, {"Categories": {"MatchedCategories": []}}]}`,
		"1 unknown: AGENT/agent@10ms-500ms: Hi."},
	{"Azure Speech, ticks", `{"recognizedPhrases": [{"channel": 0, "speaker": 1, "offsetInTicks": 700000.0, "durationInTicks": 15900000.0, "nBest": [{"lexical": "thanks a lot", "display": "Thanks."}, {"display": "Tanks."}]}]}`,
		"1 unknown: Speaker 1/other@70ms-1.66s: Thanks."},
	{"Azure Speech, fast", `{"durationMilliseconds": 4000, "combinedPhrases": [{"text": "Hi. Yes?"}], "phrases": [{"channel": 0, "offsetMilliseconds": 70, "durationMilliseconds": 1590, "text": "Hi."}, {"channel": 1, "offsetMilliseconds": 2000, "durationMilliseconds": 500, "text": "Yes?"}]}`,
		"1 unknown: Channel 0/other@70ms-1.66s: Hi. | Channel 1/other@2s-2.5s: Yes?"},
	{"Google Speech-to-Text, version 2", `{"results": [{"alternatives": [{"transcript": "hi there", "words": [{"startOffset": "1.200s", "endOffset": "1.500s", "word": "hi", "speakerLabel": "1"}, {"startOffset": "1.500s", "endOffset": "1.800s", "word": "there", "speakerLabel": "1"}]}]},
			{"alternatives": [{"transcript": "yes", "words": [{"startOffset": "2s", "endOffset": "2.500s", "word": "yes", "speakerLabel": "2"}]}]}]}`,
		"1 unknown: Speaker 1/other@1.2s-1.8s: hi there | Speaker 2/other@2s-2.5s: yes"},
	{"Google Speech-to-Text, every result tagged", `{"results": [{"alternatives": [{"words": [{"startTime": {"seconds": "1", "nanos": 200000000}, "endTime": {"seconds": "2"}, "word": "hi", "speakerTag": 1}]}]},
			{"alternatives": [{"words": [{"startTime": {"seconds": "1", "nanos": 200000000}, "endTime": {"seconds": "2"}, "word": "hi", "speakerTag": 1}, {"startTime": {"seconds": "3"}, "endTime": {"seconds": "4"}, "word": "yes", "speakerTag": 2}]}]}]}`,
		"1 unknown: Speaker 1/other@1.2s-2s: hi | Speaker 2/other@3s-4s: yes"},
	{"Google Speech-to-Text, channels", `{"results": [{"alternatives": [{"transcript": "hi"}], "channelTag": 1, "resultEndTime": "2s"}, {"alternatives": [{"transcript": "yes"}], "channelTag": 2}]}`,
		"1 unknown: Channel 1/other@0s-2s: hi | Channel 2/other: yes"},
	{"Google Speech-to-Text, a text", `{"results": [{"alternatives": [{"transcript": "hi there.", "confidence": 0.9}]}, {"alternatives": [{"transcript": " yes."}]}]}`,
		"1 unknown: /other: hi there. | /other: yes."},
	{"Fireflies", `{"transcript": {"id": "t", "sentences": [{"speaker_name": "Mara", "text": "Hi.", "raw_text": "hi there you", "start_time": 3.1, "end_time": 5}, {"speaker_name": null, "speaker_id": 1, "text": "Yes?", "start_time": 6}]}, "label": 1}`,
		"t won: Mara/other@3.1s-5s: Hi. | Speaker 1/other@6s-0s: Yes?"},
	{"OpenAI, with speakers", `{"task": "transcribe", "duration": 27.4, "text": "Hi. Yes?", "segments": [{"type": "transcript.text.segment", "id": "s", "start": 0.0, "end": 4.7, "text": "Hi.", "speaker": "agent"}, {"start": 4.7, "end": 11.8, "text": "Yes?", "speaker": "A"}]}`,
		"1 unknown: agent/agent@0s-4.7s: Hi. | A/other@4.7s-11.8s: Yes?"},
	{"whisper.cpp", `{"systeminfo": "AVX = 1", "params": {}, "result": {"language": "en"}, "transcription": [{"timestamps": {"from": "00:00:00,000", "to": "00:00:02,000"}, "offsets": {"from": 0, "to": 2000}, "text": " Hi."}, {"offsets": {"from": 2000, "to": 3500}, "text": " Yes?"}]}`,
		"1 unknown: /other@0s-2s: Hi. | /other@2s-3.5s: Yes?"},
	{"Rev AI", `{"monologues": [{"speaker": 0, "elements": [{"type": "text", "value": "Hi", "ts": 0.5, "end_ts": 0.9}, {"type": "punct", "value": ", "}, {"type": "text", "value": "you", "ts": 1, "end_ts": 1.2}, {"type": "punct", "value": "."}]}, {"speaker": 1, "elements": [{"type": "text", "value": "Yes", "ts": 2, "end_ts": 2.5}]}]}`,
		"1 unknown: Speaker 0/other@500ms-1.2s: Hi, you. | Speaker 1/other@2s-2.5s: Yes"},
	{"Speechmatics", `{"format": "2.9", "results": [{"type": "word", "start_time": 0.5, "end_time": 0.9, "alternatives": [{"content": "Hi", "speaker": "S1"}]}, {"type": "punctuation", "start_time": 0.9, "end_time": 0.9, "alternatives": [{"content": ".", "speaker": "S1"}]}, {"type": "word", "start_time": 2, "end_time": 3, "alternatives": [{"content": "Yes", "speaker": "S2"}]}]}`,
		"1 unknown: S1/other@500ms-900ms: Hi. | S2/other@2s-3s: Yes"},
	{"ElevenLabs", `{"language_code": "eng", "text": "Hi you. Yes", "words": [{"text": "Hi", "type": "word", "start": 0.1, "end": 0.3, "speaker_id": "speaker_0"}, {"text": " ", "type": "spacing", "start": 0.3, "end": 0.4, "speaker_id": "speaker_0"}, {"text": "you.", "type": "word", "start": 0.4, "end": 0.6, "speaker_id": "speaker_0"}, {"text": " ", "type": "spacing", "speaker_id": "speaker_0"}, {"text": "Yes", "type": "word", "start": 1, "end": 1.5, "speaker_id": "speaker_1"}]}`,
		"1 unknown: speaker_0/other@100ms-600ms: Hi you. | speaker_1/other@1s-1.5s: Yes"},
	{"Genesys Cloud", `{"conversationId": "c", "transcripts": [{"transcriptId": "t", "phrases": [{"text": "hi", "startTimeMs": 1591, "duration": {"milliseconds": 900}, "participantPurpose": "internal"}, {"text": "yes", "startTimeMs": 3000, "duration": {"milliseconds": 500}, "participantPurpose": "external"}]}]}`,
		"c unknown: internal/agent@1.591s-2.491s: hi | external/customer@3s-3.5s: yes"},
	{"Contact Center AI", `{"entries": [{"start_timestamp_usec": 1000000, "text": "Hi.", "role": "AGENT", "user_id": "1"}, {"start_timestamp_usec": 2500000, "text": "Yes?", "role": "END_USER", "user_id": "2"}]}`,
		"1 unknown: Speaker 1/agent@1s-0s: Hi. | Speaker 2/customer@2.5s-0s: Yes?"},
	{"Recall.ai", `[{"participant": {"id": 100, "name": "Mara", "is_host": true}, "words": [{"text": "Hi", "start_timestamp": {"relative": 1.5, "absolute": "2026-03-05T14:15:01Z"}, "end_timestamp": {"relative": 1.8}}, {"text": "you.", "start_timestamp": {"relative": 2}, "end_timestamp": {"relative": 2.5}}]}, {"participant": {"name": "Tobias"}, "words": [{"text": "Yes?", "start_timestamp": {"relative": 3}, "end_timestamp": {"relative": 4}}]}]`,
		"1 unknown: Mara/other@1.5s-2.5s: Hi you. | Tobias/other@3s-4s: Yes?"},
	{"Symbl", `{"messages": [{"id": "1", "text": "Hi.", "from": {"id": "x", "name": "Mara", "email": "m@x.example"}, "startTime": "2026-03-05T14:15:00.000Z", "endTime": "2026-03-05T14:15:02.000Z"}, {"text": "Yes?", "from": {"name": "Tobias"}, "startTime": "2026-03-05T14:15:03.500Z"}]}`,
		"1 unknown: Mara/other@0s-2s: Hi. | Tobias/other@3.5s-0s: Yes?"},
	{"chat with parts and a system prompt", `{"messages": [{"role": "system", "content": "You sell."}, {"role": "assistant", "content": [{"type": "text", "text": "Hi."}, {"type": "text", "text": "You?"}]}, {"role": "user", "name": "Lee", "content": "Yes?"}, {"role": "assistant", "content": null, "tool_calls": []}], "label": 0}`,
		"1 lost: assistant/agent: Hi. You? | Lee/customer: Yes?"},
	{"a list of messages with parts", `[{"role": "user", "content": [{"type": "text", "text": "Hi."}, {"type": "text", "text": "You?"}]}, {"role": "assistant", "content": "Yes."}]`,
		"1 unknown: user/customer: Hi. You? | assistant/agent: Yes."},
	{"calls of tools in a list of messages", `[{"role": "user", "content": "Hi."}, {"role": "assistant", "content": null, "tool_calls": [{"id": "x"}]}, {"role": "user", "content": [{"type": "tool_result", "content": "no"}]}, {"role": "assistant", "content": "Yes."}]`,
		"1 unknown: user/customer: Hi. | assistant/agent: Yes."},
	{"messages of LangChain", `[{"type": "ai", "content": "Hi."}, {"type": "human", "content": "Yes?"}]`, "1 unknown: ai/agent: Hi. | human/customer: Yes?"},
	{"Vapi", `{"id": "v", "messages": [{"role": "bot", "message": "Hi.", "time": 1772720100000, "endTime": 1772720102000, "secondsFromStart": 0}, {"role": "user", "message": "Yes?", "time": 1772720103500, "secondsFromStart": 3.5}]}`,
		"v unknown: bot/agent: Hi. | user/customer@3.5s-0s: Yes?"},
	{"Retell", `{"call_id": "r", "transcript": "Agent: Hi.\nUser: Yes?", "transcript_object": [{"role": "agent", "content": "Hi.", "words": [{"word": "Hi.", "start": 0.1, "end": 0.5}]}, {"role": "user", "content": "Yes?"}]}`,
		"r unknown: agent/agent@100ms-500ms: Hi. | user/customer: Yes?"},
	{"Avoma", `{"speakers": [{"id": 0, "name": "Mara", "is_rep": true}, {"id": 1, "name": "Tobias", "is_rep": false}], "transcript": [{"speaker_id": 0, "transcript": "Hi.", "timestamps": [1.5]}, {"speaker_id": 1, "transcript": "Yes?", "timestamps": [2.5]}]}`,
		"1 unknown: Mara/agent: Hi. | Tobias/customer: Yes?"},
	{"Intercom", `{"type": "conversation", "id": "12", "source": {"body": "Hi.", "author": {"type": "user", "name": "Tobias"}}, "conversation_parts": {"conversation_parts": [{"part_type": "comment", "body": "Yes?", "author": {"type": "admin", "name": "Mara"}}]}}`,
		"12 unknown: Tobias/customer: Hi. | Mara/agent: Yes?"},
	{"HTML", `{"turns": [{"speaker": "Agent", "text": "<p>So a &lt; b<br>and <b>c</b></p><p>d</p>"}, {"speaker": "User", "text": "1<2 and 3>2, I <3 it"}, {"speaker": "Agent", "text": "See <a href=\"https://x.example\">this</a>"}]}`,
		"1 unknown: Agent/agent: So a < b\nand c\nd | User/customer: 1<2 and 3>2, I <3 it | Agent/agent: See this"},
	{"Aircall", `{"id": 5, "call_id": 17, "content": {"utterances": [{"participant_type": "internal", "text": "Hi."}, {"participant_type": "external", "text": "Yes?"}]}}`,
		"17 unknown: internal/agent: Hi. | external/customer: Yes?"},
	{"messages of a telephone", `{"messages": [{"direction": "outbound", "body": "Hi.", "from": "+14155550100"}, {"direction": "inbound", "body": "Yes?", "from": "+14155550199"}]}`,
		"1 unknown: +14155550100/agent: Hi. | +14155550199/customer: Yes?"},
	{"the call alongside its text", `{"call": {"id": "k"}, "transcript": "Agent: Hi", "label": 1}`, "k won: Agent/agent: Hi"},
	{"turns by their numbers", `{"id": "m", "transcript": {"1": {"speaker": "Agent", "text": "Hi."}, "2": {"speaker": "Customer", "text": "Yes?"}}, "label": 0}`,
		"m lost: Agent/agent: Hi. | Customer/customer: Yes?"},
	{"lists of each side", `{"id": "m", "label": 1, "agent": [{"text": "Hi.", "start": 0}, {"text": "Bye.", "start": 5}], "customer": [{"text": "Yes?", "start": 1}], "tags": ["a"]}`,
		"m won: agent/agent: Hi. | customer/customer@1s-0s: Yes? | agent/agent@5s-0s: Bye."},
	{"the last turn first", `{"messages": [{"sender_name": "Mara", "timestamp_ms": 1740000004000, "content": "Bye."}, {"sender_name": "Tobias", "timestamp_ms": 1740000004000, "content": "Yes?"}, {"sender_name": "Mara", "timestamp_ms": 1740000000000, "content": "Hi."}]}`,
		"1 unknown: Mara/other: Hi. | Tobias/other@4s-0s: Yes? | Mara/other@4s-0s: Bye."},
	{"sides of turns", `{"turns": [{"name": "Mara", "side": "rep", "text": "Hi."}, {"name": "Tobias", "side": "prospect", "text": "Yes?"}]}`, "1 unknown: Mara/agent: Hi. | Tobias/customer: Yes?"},
	{"rows with a sequence", "{\"call_id\": 7, \"seq\": 2, \"speaker\": \"A\", \"text\": \"Yes?\"}\n{\"call_id\": 7, \"seq\": 1, \"speaker\": \"B\", \"text\": \"Hi.\"}\n", "7 unknown: B/other: Hi. | A/other: Yes?"},
	{"HTML in HTML", `{"turns": [{"speaker": "Agent", "text": "<p>Write &lt;p>"}, {"speaker": "Agent", "text": "<p>&lt;p> it"}]}`, "1 unknown: Agent/agent: Write <p> <p>&lt;p> it"},
	{"a text in HTML", `{"transcript": "<p>Agent: Hi &amp; you</p><p>Customer: 1 < 2<br>ok</p>"}`, "1 unknown: Agent/agent: Hi & you | Customer/customer: 1 < 2\nok"},
	{"Zendesk", `{"comments": [{"id": 1, "author_id": 5, "body": "Hi.", "created_at": "2026-03-05T10:00:00Z"}, {"id": 2, "author_id": 6, "body": "Yes?", "created_at": "2026-03-05T10:01:00Z"}]}`,
		"1 unknown: Speaker 5/other: Hi. | Speaker 6/other@1m0s-0s: Yes?"},
	{"Clari", `{"call": {"id": "c", "transcript": [{"text": "Hi.", "personId": 1}, {"text": "Yes?", "personId": 2}], "externalParticipants": [{"name": "Tobias", "personId": 2}], "internalParticipants": [{"name": "Mara", "personId": 1}]}}`,
		"c unknown: Mara/agent: Hi. | Tobias/customer: Yes?"},
	{"one object around the messages", `{"conversation": {"id": "x", "messages": [{"actorType": "AGENT", "text": "Hi."}, {"actorType": "VISITOR", "text": "Yes?"}]}}`,
		"x unknown: AGENT/agent: Hi. | VISITOR/customer: Yes?"},
	{"Fathom", `{"title": "x", "transcript": [{"speaker": {"display_name": "Mara", "matched_calendar_invitee_email": "m@x.example"}, "text": "Hi.", "timestamp": "00:05:32"}]}`, "1 unknown: Mara/other@5m32s-0s: Hi."},
	{"Graph", `{"value": [{"from": {"user": {"displayName": "Mara"}}, "body": {"contentType": "text", "content": "Hi."}}, {"from": {"user": {"displayName": "Tobias"}}, "body": {"content": "Yes?"}}]}`,
		"1 unknown: Mara/other: Hi. | Tobias/other: Yes?"},
	{"wrapped", `{"event": "done", "label": "won", "data": {"id": "w", "utterances": [{"speaker": "A", "text": "Hi."}]}}`, "w won: A/other: Hi."},
	{"calls in a list", `{"total": 2, "calls": [{"id": "a", "transcript": "Agent: Hi", "label": 1}, {"id": "b", "turns": [{"speaker": "B", "text": "Yes?"}], "label": 0}]}`,
		"a won: Agent/agent: Hi || b lost: B/other: Yes?"},
	{"pairs", `{"id": "p", "dialogue": [["agent", "Hi."], ["customer", "Yes?"]]}`, "p unknown: agent/agent: Hi. | customer/customer: Yes?"},
	{"speakers as keys", `{"id": "p", "turns": [{"Agent": "Hi."}, {"Customer": "Yes?"}]}`, "p unknown: Agent/agent: Hi. | Customer/customer: Yes?"},
	{"strings without speakers", `{"id": "p", "dialog": ["Hi.", "Yes?", "Fine."]}`, "p unknown: /other: Hi. | /other: Yes? | /other: Fine."},
	{"a list in a text", `{"id": "p", "transcript": "[{\"speaker\": \"Agent\", \"text\": \"Hi.\"}]", "label": 1}`, "p won: Agent/agent: Hi."},
	{"turns alone", `[{"speaker": "A", "text": "Hi.", "start": 0}, {"speaker": "B", "text": "Yes?", "start": 2.5}]`, "1 unknown: A/other: Hi. | B/other@2.5s-0s: Yes?"},
	{"turns alone, a line each", "{\"speaker\": \"A\", \"text\": \"Hi.\"}\n{\"speaker\": \"B\", \"text\": \"Yes?\"}\n", "1 unknown: A/other: Hi. | B/other: Yes?"},
	{"lists, a line each", "[{\"role\": \"agent\", \"content\": \"Hi.\"}, {\"role\": \"user\", \"content\": \"Yes?\"}]\n[{\"role\": \"agent\", \"content\": \"Bye.\"}]\n", "1 unknown: agent/agent: Hi. | user/customer: Yes? || 2 unknown: agent/agent: Bye."},
	{"lists in a list", `[[{"role": "agent", "content": "Hi."}, {"role": "user", "content": "Yes?"}], [{"role": "agent", "content": "Bye."}]]`, "1 unknown: agent/agent: Hi. | user/customer: Yes? || 2 unknown: agent/agent: Bye."},
	{"strings", `["Agent: Hi.", "Customer: Yes?"]`, "1 unknown: Agent/agent: Hi. | Customer/customer: Yes?"},
	{"rows that come apart", "{\"call_id\": 7, \"speaker\": \"A\", \"text\": \"Hi.\", \"turn\": 1, \"won\": true}\n{\"call_id\": 8, \"speaker\": \"A\", \"text\": \"Ho.\", \"turn\": 1}\n{\"call_id\": 7, \"speaker\": \"B\", \"text\": \"Bye.\", \"turn\": 3}\n{\"call_id\": 7, \"speaker\": \"A\", \"text\": \"Well.\", \"turn\": 2}\n",
		"7 won: A/other: Hi. Well. | B/other: Bye. || 8 unknown: A/other: Ho."},
	{"Gong, a call alone", `{"callId": "7", "label": 1, "transcript": [{"speakerId": "77", "sentences": [{"start": 1500, "end": 2500, "text": "Hi."}]}, {"speakerId": "88", "sentences": [{"start": 3000, "end": 4000, "text": "Yes?"}]}]}`,
		"7 won: Speaker 77/other@1.5s-2.5s: Hi. | Speaker 88/other@3s-4s: Yes?"},
	{"AWS Transcribe, segments without items", `{"results": {"speaker_labels": {"segments": [{"start_time": "0.4", "end_time": "0.9", "speaker_label": "spk_0", "items": []}, {"start_time": "1.0", "end_time": "1.2", "speaker_label": "spk_1", "items": []}]},
			"items": [{"start_time": "0.4", "end_time": "0.5", "alternatives": [{"content": "Oh"}]}, {"start_time": "0.6", "end_time": "0.9", "alternatives": [{"content": "hi"}]}, {"start_time": "1.0", "end_time": "1.2", "alternatives": [{"content": "Yes"}]}]}}`,
		"1 unknown: spk_0/other@400ms-900ms: Oh hi | spk_1/other@1s-1.2s: Yes"},
	{"Azure Speech, one channel after the other", `{"recognizedPhrases": [{"channel": 0, "offset": "PT1S", "duration": "PT1S", "nBest": [{"display": "Hi."}]}, {"channel": 0, "offset": "PT7S", "duration": "PT1S", "nBest": [{"display": "Bye."}]}, {"channel": 1, "offset": "PT3S", "duration": "PT1S", "nBest": [{"display": "Yes?"}]}]}`,
		"1 unknown: Channel 0/other@1s-2s: Hi. | Channel 1/other@3s-4s: Yes? | Channel 0/other@7s-8s: Bye."},
	{"Whisper, of Transformers", `{"text": " Hi. Yes?", "chunks": [{"timestamp": [1.0, 2.5], "text": " Hi."}, {"timestamp": [3.0, null], "text": " Yes?"}]}`,
		"1 unknown: /other@1s-2.5s: Hi. | /other@3s-0s: Yes?"},
	{"segments alone", `[{"start": 0.5, "end": 1.5, "text": " Hi."}, {"start": 2.0, "end": 2.5, "text": " Yes?"}]`, "1 unknown: /other@500ms-1.5s: Hi. | /other@2s-2.5s: Yes?"},
	{"Twilio, sentences alone", `[{"media_channel": 1, "start_time": "0.5", "end_time": "2.1", "transcript": "Hi."}, {"media_channel": 2, "start_time": "2.5", "end_time": "4.1", "transcript": "Yes?"}]`,
		"1 unknown: Channel 1/other@500ms-2.1s: Hi. | Channel 2/other@2.5s-4.1s: Yes?"},
	{"calls by their IDs", `{"a": {"transcript": "Agent: Hi", "label": 1}, "b": {"transcript": "Agent: Bye", "label": 0}}`, "a won: Agent/agent: Hi || b lost: Agent/agent: Bye"},
	{"the older keys of ConvoKit", "{\"id\": \"u1\", \"root\": \"u1\", \"text\": \"Hi.\", \"user\": \"mara\", \"meta\": {}}\n{\"id\": \"u2\", \"root\": \"u1\", \"text\": \"Yes?\", \"user\": \"tobias\", \"meta\": {}}\n", "u1 unknown: mara/other: Hi. | tobias/other: Yes?"},
	{"pages", `{"label": "won", "pages": [{"page": 1, "turns": [{"speaker": "Agent", "text": "Hi."}]}, {"page": 2, "turns": [{"speaker": "Agent", "text": "So?"}, {"speaker": "Customer", "text": "Yes?"}]}]}`,
		"1 won: Agent/agent: Hi. So? | Customer/customer: Yes?"},
	{"pages of a call", `{"call_id": "c", "pages": [{"utterances": [{"speaker": "Agent", "text": "Hi."}]}, {"utterances": [{"speaker": "Customer", "text": "Yes?"}]}]}`,
		"c unknown: Agent/agent: Hi. | Customer/customer: Yes?"},
	{"a list of parts of two calls", `{"items": [{"call_id": "c", "turns": [{"speaker": "Agent", "text": "Hi."}]}, {"call_id": "d", "turns": [{"speaker": "Customer", "text": "Yes?"}]}]}`,
		"c unknown: Agent/agent: Hi. || d unknown: Customer/customer: Yes?"},
	{"a list of parts of a call", `{"items": [{"call_id": "c", "turns": [{"speaker": "Agent", "text": "Hi.", "start": 1}]}, {"call_id": "c", "turns": [{"speaker": "Customer", "text": "Yes?", "start": 2}]}]}`,
		"c unknown: Agent/agent@1s-0s: Hi. | Customer/customer@2s-0s: Yes?"},
	{"pages, a line each", "{\"id\": \"c\", \"next_page\": \"x\", \"turns\": [{\"speaker\": \"Agent\", \"text\": \"Hi.\"}]}\n{\"id\": \"c\", \"turns\": [{\"speaker\": \"Customer\", \"text\": \"Yes?\"}], \"label\": 0}\n{\"id\": \"d\", \"turns\": [{\"speaker\": \"Agent\", \"text\": \"Ho.\"}]}\n",
		"c lost: Agent/agent: Hi. | Customer/customer: Yes? || d unknown: Agent/agent: Ho."},
	{"pages without an ID", `[{"meta": {"page": 0}, "sentences": [{"media_channel": 1, "transcript": "Hi."}]}, {"meta": {"page": 1}, "sentences": [{"media_channel": 2, "transcript": "Yes?"}]}]`,
		"1 unknown: Channel 1/other: Hi. | Channel 2/other: Yes?"},
	{"a call twice", `[{"id": "c", "page": 1, "turns": [{"speaker": "Agent", "text": "Hi."}]}, {"id": "c", "page": 1, "turns": [{"speaker": "Agent", "text": "Hi."}]}]`,
		"c unknown: Agent/agent: Hi. || c unknown: Agent/agent: Hi."},
	{"labels in the texts", `{"turns": [{"speaker": "Agent", "text": "Agent: Hello"}, {"speaker": "Mara", "role": "customer", "text": "**Customer:** Hi"}, {"speaker": "Agent", "text": "Agents: two"}, {"speaker": "Agent", "text": "[Agent] Bye: now"}]}`,
		"1 unknown: Agent/agent: Hello | Mara/customer: Hi | Agent/agent: Agents: two Bye: now"},
	{"labels in some texts", `{"turns": [{"speaker": "Agent", "text": "Agent: that is me"}, {"speaker": "Mara", "text": "Hi"}, {"speaker": "Agent", "text": "Bye"}]}`,
		"1 unknown: Agent/agent: Agent: that is me | Mara/other: Hi | Agent/agent: Bye"},
	{"labels in the texts alone", `{"segments": [{"text": "Agent: Hello", "start": 1.5}, {"text": "there", "start": 2.5}, {"text": "Mara: Hi", "start": 3.5}]}`,
		"1 unknown: Agent/agent@1.5s-0s: Hello there | Mara/other@3.5s-0s: Hi"},
	{"Gong, parties elsewhere", `{"callTranscripts": [{"callId": "7", "transcript": [{"speakerId": "77", "sentences": [{"start": 1500, "end": 2500, "text": "Hi."}]}, {"speakerId": "88", "sentences": [{"start": 3500, "end": 4500, "text": "Yes?"}]}]}],
		"calls": [{"metaData": {"id": "6"}, "parties": [{"speakerId": "77", "name": "Ines"}]}, {"metaData": {"id": "7"}, "parties": [{"id": "1", "speakerId": "77", "name": "Mara", "affiliation": "Internal"}, {"speakerId": "88", "name": "Tobias", "affiliation": "External"}]}]}`,
		"7 unknown: Mara/agent@1.5s-2.5s: Hi. | Tobias/customer@3.5s-4.5s: Yes?"},
	{"Chorus", `{"data": {"id": "c", "attributes": {"recording": {"utterances": [{"snippet": "Hi.", "speaker_name": "Mara", "speaker_type": "rep", "snippet_time": 1.5}, {"snippet": "Yes?", "speaker_name": "Tobias", "speaker_type": "cust", "snippet_time": 4.5}]}}}}`,
		"c unknown: Mara/agent@1.5s-0s: Hi. | Tobias/customer@4.5s-0s: Yes?"},
	{"Dialpad", `{"call_id": "5", "lines": [{"content": "Hi.", "name": "Mara", "type": "transcript"}, {"content": "price_inquiry", "name": "price_inquiry", "type": "moment"}, {"content": "Yes?", "name": "Tobias", "type": "transcript"}]}`,
		"5 unknown: Mara/other: Hi. | Tobias/other: Yes?"},
	{"Freshdesk", `{"conversations": [{"body_text": "Hi.", "incoming": false, "user_id": 5}, {"body_text": "Yes?", "incoming": true, "user_id": 6}]}`,
		"1 unknown: Speaker 5/agent: Hi. | Speaker 6/customer: Yes?"},
	{"transcription of channels", `{"transcription": [{"channel": "agent", "text": "Hi.", "start": 1200}, {"channel": "customer", "text": "Yes?", "start": 3400}]}`,
		"1 unknown: agent/agent@1.2s-0s: Hi. | customer/customer@3.4s-0s: Yes?"},
	{"turns of several calls", `{"items": [{"conversationId": "c1", "sender": "agent", "text": "Hi."}, {"conversationId": "c2", "sender": "agent", "text": "Ho."}, {"conversationId": "c1", "sender": "customer", "text": "Yes?"}]}`,
		"c1 unknown: agent/agent: Hi. | customer/customer: Yes? || c2 unknown: agent/agent: Ho."},
	{"the ID of the call in its turns", `{"messages": [{"conversationId": "c1", "from": {"name": "Mara"}, "text": "Hi."}, {"conversationId": "c1", "from": {"name": "Tobias"}, "text": "Yes?"}]}`,
		"c1 unknown: Mara/other: Hi. | Tobias/other: Yes?"},
	{"the call alongside its turns", `{"call": {"id": "7", "outcome": "won"}, "events": [{"speaker": "Mara", "text": "Hi."}]}`, "7 won: Mara/other: Hi."},
	{"flags of sides", `{"turns": [{"is_customer": false, "text": "Hi."}, {"is_customer": true, "text": "Yes?"}, {"from_agent": 1, "text": "So"}]}`,
		"1 unknown: agent/agent: Hi. | customer/customer: Yes? | agent/agent: So"},
	{"flags of sides in rows", "{\"call_id\": 7, \"is_agent\": true, \"text\": \"Hi.\"}\n{\"call_id\": 7, \"is_agent\": false, \"text\": \"Yes?\"}\n", "7 unknown: agent/agent: Hi. | customer/customer: Yes?"},
	{"rows of other labels", "{\"call_id\": 7, \"speaker\": \"A\", \"text\": \"Hi.\", \"label\": 1}\n{\"call_id\": 7, \"speaker\": \"A\", \"text\": \"Ho.\", \"label\": 0}\n", `transcript: record 1, byte 0: the rows of call "7" have different labels in label; give each call its own ID, and all its rows one label`},
}

// Fireflies counts minutes, and Azure writes the same duration twice.
func TestVendorsDurations(t *testing.T) {
	for _, c := range []struct {
		json string
		want time.Duration
	}{
		{`{"data": {"transcript": {"id": "f", "duration": 12.5, "sentences": [{"speaker_name": "Mara", "text": "Hi.", "start_time": 1}]}}}`, 750 * time.Second},
		{`{"durationInTicks": 100000000, "duration": "PT10S", "recognizedPhrases": [{"speaker": 1, "nBest": [{"display": "Hi."}]}]}`, 10 * time.Second},
	} {
		call, err := readRecord([]byte(c.json))
		if err != nil || call.Metadata.Duration != c.want {
			t.Errorf("%s: the duration is %v, %v", c.json, call.Metadata.Duration, err)
		}
	}
}

// Each shape reads what its vendor documents.
func TestShapes(t *testing.T) {
	for _, c := range shapeCases {
		t.Run(c.name, func(t *testing.T) {
			var all []string
			for call, err := range Read(ctx, strings.NewReader(c.json)) {
				if err != nil {
					all = append(all, err.Error())
				} else {
					all = append(all, call.ID+" "+call.Outcome.String()+": "+show(call.Turns()))
				}
			}
			if got := strings.Join(all, " || "); got != c.want {
				t.Errorf(" got %s\nwant %s", got, c.want)
			}
		})
	}
}
