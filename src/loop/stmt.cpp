#include "loop/stmt.h"

namespace broach {
namespace {

Stmt build(StmtOp op, Var var, Buffer buffer, std::vector<Expr> exprs, std::vector<Stmt> body) {
  StmtNode node{op};
  node.var = std::move(var);
  node.buffer = std::move(buffer);
  node.exprs = std::move(exprs);
  node.body = std::move(body);
  return Stmt(std::move(node));
}

}  // namespace

Buffer make_buffer(std::string name, DType dtype, int64_t elements, Storage storage, bool written) {
  return std::make_shared<const BufferNode>(BufferNode{std::move(name), dtype, elements, storage, written});
}

Expr load(Buffer buffer, Expr index) {
  ExprNode node{Op::load, {buffer->dtype, index.type().lanes}, {std::move(index)}};
  node.buffer = std::move(buffer);
  return Expr(std::move(node));
}

Stmt make_for(Var var, Expr begin, Expr extent, Stmt body, ForKind kind) {
  StmtNode node{StmtOp::for_loop, kind};
  node.var = std::move(var);
  node.exprs = {std::move(begin), std::move(extent)};
  node.body = {std::move(body)};
  return Stmt(std::move(node));
}

Stmt make_block(std::vector<Stmt> body) {
  std::vector<Stmt> flat;
  flat.reserve(body.size());
  for (Stmt& s : body) {
    if (!s.is(StmtOp::block))
      flat.push_back(std::move(s));
    else  // blocks come from here only, so one level is enough
      flat.insert(flat.end(), s->body.begin(), s->body.end());
  }
  if (flat.size() == 1) return flat[0];
  return build(StmtOp::block, {}, {}, {}, std::move(flat));
}

Stmt make_let(Var var, Expr value, Stmt body) { return build(StmtOp::let, std::move(var), {}, {std::move(value)}, {std::move(body)}); }

Stmt make_if(Expr condition, Stmt then_body, Stmt else_body) {
  std::vector<Stmt> body{std::move(then_body)};
  if (else_body) body.push_back(std::move(else_body));
  return build(StmtOp::if_then_else, {}, {}, {std::move(condition)}, std::move(body));
}

Stmt make_store(Buffer buffer, Expr index, Expr value) {
  if (value.lanes() == 1 && index.lanes() > 1) value = broadcast(value, index.lanes());
  return build(StmtOp::store, {}, std::move(buffer), {std::move(index), std::move(value)}, {});
}

Stmt make_allocate(Buffer buffer, Stmt body) { return build(StmtOp::allocate, {}, std::move(buffer), {}, {std::move(body)}); }

Stmt make_prefetch(Buffer buffer, Expr index) { return build(StmtOp::prefetch, {}, std::move(buffer), {std::move(index)}, {}); }

Stmt with_children(const Stmt& s, std::vector<Expr> exprs, std::vector<Stmt> body) {
  if (s.is(StmtOp::block)) return make_block(std::move(body));
  StmtNode node{s->op, s->for_kind, s->var, s->buffer, std::move(exprs), std::move(body)};
  return Stmt(std::move(node));
}

Stmt rewrite(const Stmt& s, const std::function<Stmt(const Stmt&)>& f, const std::function<Expr(const Expr&)>& f_expr) {
  bool changed = false;
  std::vector<Stmt> body;
  body.reserve(s->body.size());
  for (const Stmt& child : s->body) {
    body.push_back(rewrite(child, f, f_expr));
    changed |= !body.back().same_as(child);
  }
  std::vector<Expr> exprs = s->exprs;
  if (f_expr) {
    for (Expr& e : exprs) {
      Expr replacement = f_expr(e);
      changed |= !replacement.same_as(e);
      e = std::move(replacement);
    }
  }
  Stmt result = changed ? with_children(s, std::move(exprs), std::move(body)) : s;
  return f ? f(result) : result;
}

void visit(const Stmt& s, const std::function<void(const Stmt&)>& f) {
  f(s);
  for (const Stmt& child : s->body) visit(child, f);
}

void visit_exprs(const Stmt& s, const std::function<void(const Expr&)>& f) {
  visit(s, [&f](const Stmt& child) {
    for (const Expr& e : child->exprs) visit(e, f);
  });
}

Stmt substitute(const Stmt& s, const std::vector<VarBinding>& bindings) {
  if (bindings.empty()) return s;
  return rewrite(s, {}, [&bindings](const Expr& e) { return substitute(e, bindings); });
}

int64_t task_count(const PrimFunc& f) {
  int64_t count = 1;
  for (Stmt s = f.body;; s = s.body()) {
    if (s.is(StmtOp::let)) continue;
    if (!s.is(StmtOp::for_loop) || s->for_kind != ForKind::parallel) return count;
    int64_t extent = 0;
    BROACH_CHECK(as_int(s->exprs[1], &extent), "a parallel loop of {} has no constant extent", f.name);
    count *= extent;
  }
}

int64_t scratch_bytes(const PrimFunc& f) {
  int64_t bytes = 0;
  visit(f.body, [&bytes](const Stmt& s) {
    if (s.is(StmtOp::allocate) && s->buffer->storage == Storage::worker_scratch)
      bytes += (s->buffer->elements * byte_size(s->buffer->dtype) + 63) / 64 * 64;
  });
  return bytes;
}

}  // namespace broach
