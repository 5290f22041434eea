// SPDX-License-Identifier: Apache-2.0
// rest_session.h: one connection to the REST door: HTTP requests in, commands on, replies out as JSON or as events.
//
// Used by: Connection, for those that come to http.port; tests, over a wire of their own.
// Always:  - it is to the broker what a connection is: a Transport of one client, whose requests walk the same way as
//            all others, and whose replies are held as all others are;
//          - one HTTP request at a time: the next one on the same connection is read when this one is answered, so
//            answers are in order, and a row that waits delays only its own pipeline;
//          - nothing of a body is read for whom no token lets in;
//          - a client that hangs up is gone at once, also while it waits: nothing is popped for it.
// Source:  ../shared/REST.md; docs/rest.md
#pragma once

#include <memory>

#include "broker/http/http_answer.h"
#include "broker/http/rest_door.h"
#include "broker/http/rest_request.h"
#include "broker/metrics.h"

namespace leat {

// What a connection that is not let in is told instead of that line of RESP; it is to be closed.
Bytes http_refusal(int status, View line);

class EntrySink;
class EventSink;
class JsonSink;

class RestSession final : public Transport, public RestCaller {
 public:
  RestSession(RestDoor& door, Transport& wire);  // both must outlive this
  ~RestSession() override;

  Client& begin();
  void receive(View bytes);
  void drained();        // the wire has taken all that it was given
  void wire_closed();  // and its client is about to be hung up
  Client* client() { return client_; }              // null: the wire is closed
  size_t backlog() const { return input_.size(); }  // received, and to be read later
  void look(TimeMs now_ms);                         // every second
  void go_on_scraping();

  // Transport: what the broker says to its client.
  void write(Bytes& replies) override;
  void close_when_sent() override { wire_.close_when_sent(); }
  void close_now() override { wire_.close_now(); }
  size_t unsent() const override { return wire_.unsent(); }
  Bytes peer() const override { return wire_.peer(); }
  Bytes local() const override { return wire_.local(); }
  int descriptor() const override { return wire_.descriptor(); }
  // RestCaller
  std::unique_ptr<ReplySink> sink_over(Bytes& out) override;

 private:
  enum class Stage : uint8_t { kReading, kAnswering, kStreaming, kEnding };
  enum class Format : uint8_t { kJson, kBase64, kResp2 };
  using Maybe = std::optional<Refusal>;

  void advance();
  bool take(HttpReader::Progress progress);
  HttpRequest& request() { return reader_.request(); }
  // What a head asks for, before its body is read.
  void on_head();
  Maybe judge_head();
  Maybe choose_format();
  bool needs_token() const;
  bool let_in();
  // A whole request.
  void on_request();
  bool answer_itself();
  Maybe read_rows(Rows& rows);
  void choose_sink(std::vector<Rows::Refused>& refused);
  void hand_on(const Rows& rows);
  void ask_for_entries();
  // Answers.
  void finish();
  void say(int status, Bytes body, View content_type = "application/json; charset=utf-8");
  void refuse(const Refusal& refusal);
  void begin_scrape();
  void end_request();
  bool was_turned_away() const;
  void forget();
  void begin_stream();
  void count_streams(int change);
  void go_on_streaming(Bytes& events);
  void end_stream(View why);
  void send_events(View events);
  HttpAnswer answer_of(int status);

  RestDoor& door_;
  Transport& wire_;
  Client* client_ = nullptr;
  HttpReader reader_;
  Bytes input_;
  Stage stage_ = Stage::kReading;
  TimeMs since_ms_ = 0;  // monotonic: when the request under way began to come, or the last answer was given
  bool lingers_ = false;  // it ends, but reads on for a moment: closing on what is unread would take back the answer

  // The request under way.
  Target target_;
  RestKind kind_ = RestKind::kCommand;
  Format format_ = Format::kJson;
  uint64_t goal_ = 0;  // of client_->replies, when it is answered
  std::unique_ptr<ReplySink> sink_;
  JsonSink* json_ = nullptr;       // what sink_ is
  EventSink* messages_ = nullptr;
  EntrySink* entries_ = nullptr;
  Bytes body_;  // of the answer
  std::unique_ptr<Metrics> metrics_;  // while it is written

  // A stream.
  Consumer consumer_;
  TimeMs quiet_since_ms_ = 0;

  // Who let it in last, so that the same token is not looked up for each request.
  Bytes token_;
  std::optional<uint64_t> let_in_at_;  // the doorkeeper's generation then; none: nobody is let in
};

}  // namespace leat
