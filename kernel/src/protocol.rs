//! The Jupyter kernel: the wire protocol on one side, a session on the other.
//!
//! Each socket has a task of its own, so that the kernel answers while a cell
//! runs. Requests on the shell socket are read ahead into a queue and handled in
//! order; when a cell fails, those that are queued behind it are aborted.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jupyter_protocol::{
    ClearOutput, CodeMirrorMode, CommInfoReply, CompleteReply, ConnectionInfo, ErrorOutput, ExecuteInput,
    ExecuteReply, ExecuteRequest, ExecuteResult, ExecutionCount, HelpLink, HistoryReply, InspectReply,
    InterruptReply, IsCompleteReply, IsCompleteReplyStatus, JupyterMessage, JupyterMessageContent,
    KernelInfoReply, LanguageInfo, Media, ReplyError, ReplyStatus, ShutdownReply, Status, StreamContent,
};
use jupyter_zmq_client::{
    KernelControlConnection, KernelHeartbeatConnection, KernelIoPubConnection, RouterRecvConnection,
    RouterSendConnection, RuntimeError, create_kernel_control_connection, create_kernel_heartbeat_connection,
    create_kernel_iopub_connection, create_kernel_shell_connection, create_kernel_stdin_connection,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::media;
use crate::notebook::{self, Outputs};
use crate::report::request::{self, Place};
use crate::report::{self, Document};
use crate::session::{Event, Outcome, Session, enter};
use crate::transcript::{Run, Transcript};
use crate::workspace::Workspace;

/// How long the reply of a failed cell waits for requests that are under way, and shall be aborted.
const ABORT_GRACE: Duration = Duration::from_millis(50);

/// Serves the front end that wrote `connection_file`, until it asks for shutdown.
///
/// # Errors
///
/// The file cannot be read or a socket cannot be bound.
pub(crate) fn serve(workspace: Workspace, connection_file: &Path) -> Result<()> {
    enter(&workspace)?;
    let content = std::fs::read(connection_file)
        .with_context(|| format!("{} cannot be read", connection_file.display()))?;
    let connection: ConnectionInfo = serde_json::from_slice(&content)
        .with_context(|| format!("{} is not a connection file", connection_file.display()))?;
    let session = Arc::new(Session::start(workspace)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let served = runtime.block_on(run(&connection, session.clone()));
    session.close();
    // The session's thread may be amid a build or loading sources: do not wait for it.
    runtime.shutdown_background();
    served
}

async fn run(connection: &ConnectionInfo, session: Arc<Session>) -> Result<()> {
    let id = uuid::Uuid::new_v4().to_string();
    let bind = "the kernel's sockets cannot be bound";
    let heartbeat = create_kernel_heartbeat_connection(connection).await.context(bind)?;
    let iopub = create_kernel_iopub_connection(connection, &id).await.context(bind)?;
    let control = create_kernel_control_connection(connection, &id).await.context(bind)?;
    let (replies, requests) = create_kernel_shell_connection(connection, &id).await.context(bind)?.split();
    let _stdin = create_kernel_stdin_connection(connection, &id).await.context(bind)?;

    let (publisher, published) = unbounded_channel();
    let (ahead, queue) = unbounded_channel();
    tokio::spawn(beat(heartbeat));
    let publishing = tokio::spawn(publish(iopub, published));
    tokio::spawn(read_ahead(requests, ahead));
    let shell = Shell {
        session: session.clone(),
        replies,
        publisher: publisher.clone(),
        queue,
        overtaken: Vec::new(),
        count: 0,
        transcript: Transcript::default(),
    };
    tokio::spawn(shell.run());

    tokio::select! {
        () = answer_control(control, session, publisher.clone()) => {}
        () = end_of_parent() => {}
        result = termination() => result?,
    }
    // Let the last messages out.
    drop(publisher);
    let _ = tokio::time::timeout(Duration::from_millis(100), publishing).await;
    Ok(())
}

async fn beat(mut heartbeat: KernelHeartbeatConnection) {
    while heartbeat.single_heartbeat().await.is_ok() {}
}

async fn publish(mut iopub: KernelIoPubConnection, mut published: UnboundedReceiver<JupyterMessage>) {
    while let Some(message) = published.recv().await {
        if let Err(error) = iopub.send(message).await {
            eprintln!("a message to the notebook was lost: {error}");
        }
    }
}

async fn read_ahead(mut requests: RouterRecvConnection, queue: UnboundedSender<JupyterMessage>) {
    loop {
        match requests.read().await {
            Ok(message) => {
                if queue.send(message).is_err() {
                    return;
                }
            }
            Err(RuntimeError::ZmqError(_)) => return,
            Err(error) => eprintln!("a message from the notebook is not understood: {error}"),
        }
    }
}

/// Handles interrupts and shutdown, and returns when the kernel shall end.
async fn answer_control(
    mut control: KernelControlConnection,
    session: Arc<Session>,
    publisher: UnboundedSender<JupyterMessage>,
) {
    loop {
        let request = match control.read().await {
            Ok(request) => request,
            Err(RuntimeError::ZmqError(_)) => return,
            Err(error) => {
                eprintln!("a message from the notebook is not understood: {error}");
                continue;
            }
        };
        let _ = publisher.send(Status::busy().as_child_of(&request));
        let mut end = false;
        let reply = match &request.content {
            JupyterMessageContent::KernelInfoRequest(_) => Some(kernel_info().as_child_of(&request)),
            JupyterMessageContent::InterruptRequest(_) => {
                session.interrupt();
                Some(InterruptReply::default().as_child_of(&request))
            }
            JupyterMessageContent::ShutdownRequest(shutdown) => {
                end = true;
                let reply = ShutdownReply { restart: shutdown.restart, status: ReplyStatus::Ok, error: None };
                Some(reply.as_child_of(&request))
            }
            _ => None,
        };
        if let Some(reply) = reply
            && let Err(error) = control.send(reply).await
        {
            eprintln!("a reply to the notebook was lost: {error}");
        }
        let _ = publisher.send(Status::idle().as_child_of(&request));
        if end {
            return;
        }
    }
}

/// Waits until the process that started the kernel is gone, as after a crash of Jupyter.
async fn end_of_parent() {
    let parent = std::os::unix::process::parent_id();
    while std::os::unix::process::parent_id() == parent {
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn termination() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    // A Ctrl-C in the terminal is for Jupyter, which then shuts its kernels down.
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => {}
        }
    }
}

/// The side of the shell socket, where cells come from.
struct Shell {
    session: Arc<Session>,
    replies: RouterSendConnection,
    publisher: UnboundedSender<JupyterMessage>,
    queue: UnboundedReceiver<JupyterMessage>,
    /// What was queued behind a cell that failed.
    overtaken: Vec<JupyterMessage>,
    count: usize,
    transcript: Transcript,
}

impl Shell {
    async fn run(mut self) {
        while let Some(request) = self.queue.recv().await {
            self.handle(&request).await;
            for request in std::mem::take(&mut self.overtaken) {
                match &request.content {
                    JupyterMessageContent::ExecuteRequest(_) => self.abort(&request).await,
                    _ => self.handle(&request).await,
                }
            }
        }
    }

    fn publish(&self, message: JupyterMessage) {
        let _ = self.publisher.send(message);
    }

    async fn reply(&mut self, message: JupyterMessage) {
        if let Err(error) = self.replies.send(message).await {
            eprintln!("a reply to the notebook was lost: {error}");
        }
    }

    async fn handle(&mut self, request: &JupyterMessage) {
        self.publish(Status::busy().as_child_of(request));
        match &request.content {
            JupyterMessageContent::ExecuteRequest(execute) => self.execute(execute, request).await,
            other => {
                if let Some(reply) = answer(other, request) {
                    self.reply(reply).await;
                }
            }
        }
        self.publish(Status::idle().as_child_of(request));
    }

    async fn abort(&mut self, request: &JupyterMessage) {
        self.publish(Status::busy().as_child_of(request));
        let reply = ExecuteReply { status: ReplyStatus::Aborted, ..self.execute_reply() };
        self.reply(reply.as_child_of(request)).await;
        self.publish(Status::idle().as_child_of(request));
    }

    async fn execute(&mut self, execute: &ExecuteRequest, request: &JupyterMessage) {
        if !execute.silent {
            if execute.store_history {
                self.count += 1;
            }
            let input = ExecuteInput { code: execute.code.clone(), execution_count: self.count.into() };
            self.publish(input.as_child_of(request));
        }
        let (events, mut received) = unbounded_channel();
        self.session.execute(execute.code.clone(), events);
        let (mut loading, mut outputs) = (false, Outputs::default());
        let mut outcome = loop {
            // Without a last event, the session's thread is gone.
            let event = received.recv().await.unwrap_or_else(|| Event::Done(Outcome::lost()));
            match &event {
                _ if execute.silent => {}
                Event::Stdout(text) => self.publish(StreamContent::stdout(text).as_child_of(request)),
                Event::Stderr(text) => self.publish(StreamContent::stderr(text).as_child_of(request)),
                Event::Loading => {
                    loading = true;
                    let text = "Loading the trailbook library…\n";
                    self.publish(StreamContent::stderr(text).as_child_of(request));
                }
                Event::Loaded if loading => self.publish(ClearOutput { wait: false }.as_child_of(request)),
                Event::Loaded | Event::Done(_) => {}
            }
            if let Some(outcome) = outputs.add(event) {
                break outcome;
            }
        };
        if !execute.silent {
            self.keep(&mut outcome, outputs, execute, request);
        }
        self.conclude(outcome, execute, request).await;
    }

    /// Keeps what the cell did for a report, and writes one if it asks for that.
    fn keep(
        &mut self,
        outcome: &mut Outcome,
        outputs: Outputs,
        execute: &ExecuteRequest,
        request: &JupyterMessage,
    ) {
        // JupyterLab's name for a cell, which is its id in the notebook.
        let id = request.metadata["cellId"].as_str().map(str::to_owned);
        let count = self.count;
        let run = |outputs| Run { id: id.clone(), code: execute.code.clone(), count, outputs };
        // The cell is in the report too, though not yet what it shows.
        self.transcript.add(run(Vec::new()));
        let path = notebook_path();
        let place = path.clone().map_or(Place::Here, Place::Beside);
        request::fulfil(outcome, &place, report::templates(None).as_deref(), || {
            let saved = path.as_deref().map(notebook::read).transpose()?;
            let name = path.as_deref().map_or_else(|| "notebook".to_owned(), notebook::name);
            let text = notebook::to_text(&self.transcript.notebook(saved))?;
            Ok(Document { text, name, is_file: false, record: None })
        });
        self.transcript.add(run(outputs.conclude(count, outcome)));
    }

    async fn conclude(&mut self, outcome: Outcome, execute: &ExecuteRequest, request: &JupyterMessage) {
        if !outcome.data.is_empty() && !execute.silent {
            let data = Media::new(media::typed(outcome.data));
            self.publish(ExecuteResult::new(self.count.into(), data).as_child_of(request));
        }
        let mut reply = self.execute_reply();
        if let Some(failure) = outcome.failure {
            let (ename, evalue, traceback) = (failure.name, failure.message, failure.traceback);
            if !execute.silent {
                let error = ErrorOutput {
                    ename: ename.clone(),
                    evalue: evalue.clone(),
                    traceback: traceback.clone(),
                };
                self.publish(error.as_child_of(request));
            }
            reply.status = ReplyStatus::Error;
            reply.error = Some(Box::new(ReplyError { ename, evalue, traceback }));
            if execute.stop_on_error {
                // Before the reply: what is sent after it is meant to run.
                tokio::time::sleep(ABORT_GRACE).await;
                self.overtaken.extend(std::iter::from_fn(|| self.queue.try_recv().ok()));
            }
        }
        self.reply(reply.as_child_of(request)).await;
    }

    fn execute_reply(&self) -> ExecuteReply {
        ExecuteReply {
            execution_count: ExecutionCount::new(self.count),
            user_expressions: Some(HashMap::new()),
            ..Default::default()
        }
    }
}

/// The notebook's file, which Jupyter's server tells a kernel that it starts for one.
fn notebook_path() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("JPY_SESSION_NAME")?);
    path.is_file().then_some(path)
}

/// The reply to a request that has nothing to do with cells.
fn answer(content: &JupyterMessageContent, request: &JupyterMessage) -> Option<JupyterMessage> {
    Some(match content {
        JupyterMessageContent::KernelInfoRequest(_) => kernel_info().as_child_of(request),
        JupyterMessageContent::CommInfoRequest(_) => CommInfoReply::default().as_child_of(request),
        JupyterMessageContent::HistoryRequest(_) => HistoryReply::new(Vec::new()).as_child_of(request),
        JupyterMessageContent::IsCompleteRequest(_) => {
            let reply = IsCompleteReply { status: IsCompleteReplyStatus::Complete, indent: String::new() };
            reply.as_child_of(request)
        }
        JupyterMessageContent::CompleteRequest(complete) => {
            let (cursor_start, cursor_end) = (complete.cursor_pos, complete.cursor_pos);
            CompleteReply { cursor_start, cursor_end, ..Default::default() }.as_child_of(request)
        }
        JupyterMessageContent::InspectRequest(_) => InspectReply::default().as_child_of(request),
        _ => return None,
    })
}

fn kernel_info() -> KernelInfoReply {
    let version = env!("CARGO_PKG_VERSION");
    KernelInfoReply {
        status: ReplyStatus::Ok,
        protocol_version: "5.3".into(),
        implementation: "trailbook".into(),
        implementation_version: version.into(),
        language_info: LanguageInfo {
            name: "Rust".into(),
            version: String::new(),
            mimetype: Some("text/rust".into()),
            file_extension: Some(".rs".into()),
            pygments_lexer: Some("rust".into()),
            codemirror_mode: Some(CodeMirrorMode::Simple("rust".into())),
            nbconvert_exporter: None,
        },
        banner: format!("trailbook {version}: incident-response runbooks over CloudTrail logs, in Rust"),
        help_links: vec![HelpLink { text: "Rust".into(), url: "https://doc.rust-lang.org/std/".into() }],
        debugger: false,
        error: None,
    }
}
