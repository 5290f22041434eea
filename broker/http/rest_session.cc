// SPDX-License-Identifier: Apache-2.0
#include "broker/http/rest_session.h"

#include "broker/health.h"
#include "broker/http/entry_sink.h"
#include "broker/http/event_sink.h"
#include "broker/http/json_sink.h"
#include "broker/http/json_text.h"
#include "broker/protocol/words.h"

namespace leat {

namespace {

constexpr TimeMs kHeartbeatMs = 15'000, kLingerMs = 2000;
constexpr View kHeartbeat = ":\n\n";  // a comment
constexpr size_t kInputKept = 64 << 10;
constexpr View kOctets = "application/octet-stream", kEvents = "text/event-stream";

const Refusal kNoToken{401, "WRONGPASS invalid or missing auth token. See docs/rest.md for details."};
const Refusal kLoadingTokens{503, "LOADING Redis is loading the dataset in memory"};
const Refusal kNoTarget{400, "ERR the path is not percent-encoded as it should be"};
const Refusal kNotHere{405, ""};

Refusal only_as_stream(View command) {
  return {400, "ERR Command \"" + upper(command) +
                   "\" is not allowed in REST or it has a special context path: ask for it with "
                   "'Accept: text/event-stream'"};
}

// One of the door's limits: who was driven past it shall be found in the log.
bool is_of_limit(const Refusal& refusal) {
  return refusal.status == 408 || refusal.status == 413 || refusal.status == 431 ||
         refusal.text.find("limits.") != Bytes::npos;
}

size_t size_of(int64_t setting) { return static_cast<size_t>(setting); }

// "Bearer TOKEN", in any case; a bare token, too.
View bearer(View header) {
  constexpr View kBearer = "bearer ";
  if (header.size() > kBearer.size() && same_word(header.substr(0, kBearer.size()), kBearer))
    header.remove_prefix(kBearer.size());
  return header;
}

Bytes error_body(View text) {
  Bytes body;
  append_json_error(body, text);
  return body;
}

// "-ERR max number …\r\n" without the sign and the line's end.
View text_of(View line) { return line.substr(1, line.find('\r') - 1); }

}  // namespace

Bytes http_refusal(int status, View line) {
  const Bytes body = error_body(text_of(line));
  return head_of({.status = status, .length = body.size(), .keep_alive = false}) + body;
}

RestSession::RestSession(RestDoor& door, Transport& wire) : door_(door), wire_(wire) {}

RestSession::~RestSession() { forget(); }

void RestSession::forget() {
  door_.sessions.erase(this);
  std::erase(door_.scrapes, this);
}

Client& RestSession::begin() {
  door_.sessions.insert(this);
  since_ms_ = door_.broker.rooms().time.monotonic_ms();
  client_ = &door_.broker.connect(*this);
  client_->rest = this;
  door_.broker.rooms().doorkeeper.turn_out(*client_);  // it is nobody until a token says who
  return *client_;
}

void RestSession::wire_closed() {
  if (stage_ == Stage::kStreaming) count_streams(-1);
  stage_ = Stage::kEnding;
  client_ = nullptr;
  forget();
}

// Requests.

void RestSession::receive(View bytes) {
  if (stage_ == Stage::kEnding || stage_ == Stage::kStreaming) return;  // nobody has anything to say any more
  if (stage_ == Stage::kReading && !reader_.in_request()) since_ms_ = door_.broker.rooms().time.monotonic_ms();
  input_.append(bytes);
  if (stage_ == Stage::kReading) advance();
}

void RestSession::advance() {
  const HttpReader::Limits limits{size_of(door_.broker.rooms().config.http_header_bytes_max),
                                  size_of(door_.broker.rooms().config.http_body_bytes_max)};
  View rest = input_;
  while (stage_ == Stage::kReading && take(reader_.read(rest, limits))) continue;
  input_.erase(0, input_.size() - rest.size());
  if (input_.empty() && input_.capacity() > kInputKept) Bytes().swap(input_);
}

// False: more must come first, or the request is being answered.
bool RestSession::take(HttpReader::Progress progress) {
  switch (progress) {
    case HttpReader::Progress::kMore:
      return false;
    case HttpReader::Progress::kHead:
      on_head();
      return true;
    case HttpReader::Progress::kRequest:
      on_request();
      return stage_ == Stage::kReading;
    case HttpReader::Progress::kRefused:
      break;
  }
  request().keep_alive = false;
  refuse(reader_.refusal());
  return false;
}

void RestSession::on_head() {
  since_ms_ = door_.broker.rooms().time.monotonic_ms();
  if (const Maybe refused = judge_head()) {
    // What follows would have to be read to find the next request.
    if (request().length.value_or(0) > 0 || !reader_.is_whole()) request().keep_alive = false;
    return refuse(*refused);
  }
  if (!request().expects_continue) return;
  Bytes go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  wire_.write(go_on);
}

RestSession::Maybe RestSession::judge_head() {
  if (request().method == HttpMethod::kOther) return kNotHere;
  auto target = parse_target(request().target);
  if (!target) return kNoTarget;
  target_ = std::move(*target);
  kind_ = kind_of(request().method, target_);
  const bool streams = kind_ == RestKind::kMessages || kind_ == RestKind::kEntries;
  if (streams && request().method == HttpMethod::kHead) return kNotHere;
  if (!let_in() && needs_token()) {
    if (!door_.broker.rooms().doorkeeper.complete()) return kLoadingTokens;
    ++door_.broker.rooms().stats.http.unauthorized;
    return kNoToken;
  }
  if (!needs_token() && (request().length.value_or(0) > 0 || !reader_.is_whole())) {
    return Refusal{413, "ERR this path takes no body"};
  }
  return std::nullopt;
}

bool RestSession::needs_token() const {
  return kind_ != RestKind::kHealth && kind_ != RestKind::kWelcome && kind_ != RestKind::kPreflight;
}

// As the token's user, in its database.
bool RestSession::let_in() {
  const bool in_query = door_.broker.rooms().config.http_token_in_query && target_.token;
  const View token = in_query                  ? View(*target_.token)
                     : request().authorization ? bearer(*request().authorization)
                                               : View();
  if (token.empty()) return let_in_at_.reset(), false;
  Doorkeeper& doorkeeper = door_.broker.rooms().doorkeeper;
  const TimeMs until_ms = client_->token_until_ms();
  const bool known = let_in_at_ == doorkeeper.generation() && token_ == token &&
                     (until_ms == 0 || door_.broker.rooms().time.now_ms() < until_ms);
  if (!known) {
    let_in_at_.reset();
    if (!doorkeeper.let_in_by_token(*client_, token)) return doorkeeper.turn_out(*client_), false;
    let_in_at_ = doorkeeper.generation();
    token_ = token;
  }
  client_->db = client_->token == nullptr ? 0 : client_->token->db;  // a request before may have been elsewhere
  return true;
}

RestSession::Maybe RestSession::choose_format() {
  format_ = Format::kJson;
  const View encoding = request().encoding ? View(*request().encoding) : View();
  const View format = request().response_format ? View(*request().response_format) : View();
  if (!encoding.empty() && encoding != "base64") return Refusal{400, "ERR Upstash-Encoding must be base64"};
  if (!format.empty() && format != "json" && format != "resp2") {
    return Refusal{400, "ERR Upstash-Response-Format must be json or resp2"};
  }
  if (format == "resp2" && !encoding.empty()) return Refusal{400, "ERR resp2 knows no Upstash-Encoding"};
  if (!encoding.empty()) format_ = Format::kBase64;
  else if (format == "resp2" && kind_ != RestKind::kTransaction) format_ = Format::kResp2;
  return std::nullopt;
}

void RestSession::on_request() {
  ++door_.broker.rooms().stats.http.requests;
  if (answer_itself()) return;
  const auto streams_max = size_of(door_.broker.rooms().config.http_streams_max);
  if ((kind_ == RestKind::kMessages || kind_ == RestKind::kEntries) && door_.streams >= streams_max) {
    door_.broker.warn_of(*client_, "stream_refused", "http.streams are open already");
    return refuse({503, "ERR as many streams are open as http.streams allows"});
  }
  Rows rows;
  Maybe refused = choose_format();
  if (!refused) refused = read_rows(rows);
  if (refused) return refuse(*refused);
  Bytes().swap(request().body);
  choose_sink(rows.refused);
  if (rows.count == 0) return finish();  // all were refused
  hand_on(rows);
}

// What no command answers.
bool RestSession::answer_itself() {
  Rooms& rooms = door_.broker.rooms();
  switch (kind_) {
    case RestKind::kHealth:
      say(healthy(rooms) ? 200 : 503, health_json(rooms, let_in_at_ ? HealthCaller::kKnown : HealthCaller::kAnybody));
      return true;
    case RestKind::kMetrics:
      begin_scrape();
      return true;
    case RestKind::kWelcome:
      say(200, "{\"result\":\"leat speaks the Upstash REST API here: see docs/rest.md\"}");
      return true;
    case RestKind::kPreflight:
      say(200, "");
      return true;
    default:
      return false;
  }
}

RestSession::Maybe RestSession::read_rows(Rows& rows) {
  const Config& config = door_.broker.rooms().config;
  const JsonRows::Limits limits{size_of(config.arguments_max), size_of(config.http_command_bytes_max),
                                size_of(config.pipeline_requests_max)};
  switch (kind_) {
    case RestKind::kRows:
    case RestKind::kTransaction: {
      Maybe refused = door_.json.read_rows(request().body, limits, rows);
      // A transaction is whole or absent; and RESP is written by who knows nothing of rows.
      const bool together = kind_ == RestKind::kTransaction || format_ == Format::kResp2;
      if (!refused && together && !rows.refused.empty()) refused = Refusal{400, rows.refused.front().text};
      return refused;
    }
    case RestKind::kMessages:
      // SDKs send a body to these paths, which says nothing.
      if (!request().accept || request().accept->find(kEvents) == Bytes::npos) return only_as_stream(target_.word(0));
      return read_path(target_, View(), limits, rows);
    case RestKind::kEntries: {
      const Maybe refused = read_consumer(target_, request().last_event_id, consumer_);
      if (!refused) rows = next_entries(consumer_);
      return refused;
    }
    default:
      return target_.words.empty() ? door_.json.read_command(request().body, limits, rows)
                                   : read_path(target_, request().body, limits, rows);
  }
}

void RestSession::choose_sink(std::vector<Rows::Refused>& refused) {
  Bytes& out = client_->output.bytes();
  json_ = nullptr;
  messages_ = nullptr;
  entries_ = nullptr;
  if (kind_ == RestKind::kMessages) {
    sink_ = std::unique_ptr<ReplySink>(messages_ = new EventSink(out));
  } else if (kind_ == RestKind::kEntries) {
    sink_ = std::unique_ptr<ReplySink>(entries_ = new EntrySink(out, format_ == Format::kBase64));
  } else if (format_ == Format::kResp2) {
    sink_ = nullptr;
  } else {
    sink_ = std::unique_ptr<ReplySink>(
        json_ = new JsonSink(out, {.base64 = format_ == Format::kBase64,
                                   .transaction = kind_ == RestKind::kTransaction,
                                   .row_bytes_max = size_of(door_.broker.rooms().config.http_command_bytes_max),
                                   .refused = std::move(refused)}));
  }
  client_->sink = sink_ == nullptr ? &client_->resp : sink_.get();
}

void RestSession::hand_on(const Rows& rows) {
  if (stage_ != Stage::kStreaming) stage_ = Stage::kAnswering;
  door_.broker.rooms().stats.http.rows += rows.count;
  wait_ms_max = door_.broker.rooms().config.http_wait_s * 1000;
  goal_ = client_->replies + rows.count;
  own_from = UINT64_MAX;
  if (kind_ == RestKind::kMessages) own_from = client_->replies;
  if (kind_ != RestKind::kTransaction) return door_.broker.receive(*client_, rows.requests);
  client_->in_multi = true;
  own_from = goal_++;
  door_.broker.receive(*client_, rows.requests);
  if (client_ != nullptr) door_.broker.receive(*client_, "*1\r\n$4\r\nEXEC\r\n");
}

std::unique_ptr<ReplySink> RestSession::sink_over(Bytes& out) { return std::make_unique<EventSink>(out); }

// Answers.

// When it came: there are too many already, or nobody is let in from there. What it is told then is RESP.
bool RestSession::was_turned_away() const { return client_->closing && client_->replies == 0; }

void RestSession::write(Bytes& replies) {
  if (stage_ == Stage::kEnding) return;
  if (stage_ == Stage::kStreaming) return go_on_streaming(replies);
  if (was_turned_away()) {
    request().keep_alive = false;
    return refuse({503, Bytes(text_of(replies))});
  }
  if (body_.empty()) body_.swap(replies);
  else body_.append(replies);
  if (client_->replies == goal_ && client_->output.held() == 0) finish();
}

void RestSession::finish() {
  if ((messages_ != nullptr && messages_->refusal().empty()) || (entries_ != nullptr && entries_->refusal().empty())) {
    return begin_stream();
  }
  if (kind_ == RestKind::kMessages || kind_ == RestKind::kEntries) return say(400, std::exchange(body_, {}));
  if (format_ == Format::kResp2) {
    const bool failed = kind_ == RestKind::kCommand && body_.starts_with('-');
    return say(failed ? 400 : 200, std::exchange(body_, {}), kOctets);
  }
  json_->write_refused(body_);  // those behind the last row
  body_.pop_back();  // the comma behind the last row
  if (kind_ == RestKind::kRows) body_.insert(0, 1, '[').push_back(']');
  say(json_->failed() && kind_ != RestKind::kRows ? 400 : 200, std::exchange(body_, {}));
}

HttpAnswer RestSession::answer_of(int status) {
  auto& by_status = door_.broker.rooms().stats.http.by_status;
  ++by_status[size_of(status) / 100];
  HttpAnswer answer{.status = status, .keep_alive = request().keep_alive, .to_http_1_0 = request().http_1_0};
  if (request().origin) answer.origin = *request().origin;
  return answer;
}

void RestSession::say(int status, Bytes body, View content_type) {
  HttpAnswer answer = answer_of(status);
  const Bytes token = base32(door_.broker.rooms().batch.last_index()), date = door_.date();
  answer.sync_token = token;
  answer.date = date;
  answer.content_type = content_type;
  answer.length = body.size();
  const auto& asked_for = request().requested_headers;
  if (kind_ == RestKind::kPreflight) answer.asked_for_headers = asked_for ? View(*asked_for) : "*";
  Bytes out = head_of(answer);
  if (request().method != HttpMethod::kHead) out += body;
  wire_.write(out);
  end_request();
}

void RestSession::refuse(const Refusal& refusal) {
  if (is_of_limit(refusal)) door_.broker.warn_of(*client_, "request_refused", refusal.text);
  say(refusal.status, refusal.text.empty() ? Bytes() : error_body(refusal.text));
}

void RestSession::begin_scrape() {
  stage_ = Stage::kAnswering;
  metrics_ = std::make_unique<Metrics>(door_.broker.rooms());
  door_.scrapes.push_back(this);
}

void RestSession::go_on_scraping() {
  if (metrics_->write_slice(body_)) return;
  metrics_ = nullptr;
  std::erase(door_.scrapes, this);
  say(200, std::exchange(body_, {}), Metrics::kContentType);
}

void RestSession::end_request() {
  since_ms_ = door_.broker.rooms().time.monotonic_ms();
  body_.clear();
  if (!request().keep_alive) {
    stage_ = Stage::kEnding;
    lingers_ = !reader_.is_whole();
    return lingers_ ? Bytes().swap(input_) : wire_.close_when_sent();
  }
  const bool was_answering = std::exchange(stage_, Stage::kReading) == Stage::kAnswering;
  reader_.begin_next();
  if (was_answering) advance();  // what came meanwhile; else advance() is what called
}

// Streams.

void RestSession::begin_stream() {
  HttpAnswer answer = answer_of(200);
  answer.content_type = kEvents;
  answer.chunked = !request().http_1_0;
  answer.keep_alive = false;
  const Bytes date = door_.date();
  answer.date = date;
  Bytes head = head_of(answer);
  wire_.write(head);
  stage_ = Stage::kStreaming;
  count_streams(+1);
  Bytes events = std::exchange(body_, {});
  go_on_streaming(events);
}

void RestSession::count_streams(int change) {
  door_.streams += static_cast<size_t>(change);
  door_.broker.rooms().stats.http.streams_open = door_.streams;
}

void RestSession::send_events(View events) {
  if (events.empty()) return;  // as a chunk it would end the stream
  quiet_since_ms_ = door_.broker.rooms().time.monotonic_ms();
  Bytes out;
  if (request().http_1_0) out = events;
  else append_chunk(out, events);
  wire_.write(out);
}

void RestSession::go_on_streaming(Bytes& events) {
  if (entries_ != nullptr && !entries_->refusal().empty()) return end_stream(entries_->refusal());
  send_events(events);
  if (entries_ != nullptr && client_ != nullptr && client_->replies == goal_) ask_for_entries();
}

// Of who reads slowly no more are made pending than he has taken: drained() asks again.
void RestSession::ask_for_entries() {
  if (wire_.unsent() > 0 || client_ == nullptr || client_->closing) return;
  if (consumer_.from != ">") consumer_.from = entries_->told_some() ? entries_->last_id() : Bytes(">");
  hand_on(next_entries(consumer_));
}

void RestSession::drained() {
  if (stage_ == Stage::kStreaming && entries_ != nullptr && client_->replies == goal_) ask_for_entries();
}

void RestSession::end_stream(View why) {
  Bytes out = "event: error\ndata: " + error_body(why) + "\n\n", end;
  send_events(out);
  if (!request().http_1_0) append_chunk(end, "");
  if (!end.empty()) wire_.write(end);
  wire_.close_when_sent();
}

void RestSession::look(TimeMs now_ms) {
  const Config& config = door_.broker.rooms().config;
  const bool quiet = now_ms - quiet_since_ms_ >= kHeartbeatMs && wire_.unsent() == 0;
  if (stage_ == Stage::kStreaming && quiet) send_events(kHeartbeat);
  if (lingers_ && now_ms - since_ms_ > kLingerMs) return wire_.close_when_sent();
  if (stage_ != Stage::kReading) return;
  if (reader_.in_request() && now_ms - since_ms_ > config.http_request_timeout_s * 1000) {
    request().keep_alive = false;
    return refuse({408, "ERR the request did not come within http.request_timeout_s"});
  }
  if (!reader_.in_request() && now_ms - since_ms_ > config.http_idle_timeout_s * 1000) {
    door_.broker.warn_of(*client_, "client_closed", "it was idle for http.idle_timeout_s");
    wire_.close_now();
  }
}

}  // namespace leat
