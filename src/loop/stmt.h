#pragma once
// The loop IR: immutable statements over flat, one-dimensional buffers.
//
// Semantics. A For runs its body for var = begin, begin+1, ... begin+extent-1. parallel iterations are independent; vector and
// unrolled ones are executed in order (a vector loop must have a constant extent and independent iterations, except that stores to the same
// element do not occur); they differ from serial ones in the code made for them only. Allocate gives uninitialised memory for the time of its
// body. Reading memory not written, or outside a buffer, is an error that the interpreter reports. Store converts nothing: the value has the
// buffer's dtype; the lanes of index and value agree. Let binds a variable in its body. Prefetch is a hint without effect.
#include <memory>
#include <string>
#include <vector>

#include "expr/expr.h"

namespace broach {

enum class Storage : uint8_t {
  param,           // given by the caller: input, output or constant of the kernel
  registers,       // indices are constants once loops are unrolled
  stack,           // small, per worker
  worker_scratch,  // large, per worker: a strip
};

struct BufferNode {
  std::string name;
  DType dtype = DType::f32;
  int64_t elements = 0;
  Storage storage = Storage::param;
  bool written = false;  // params: the kernel stores to it
};
using Buffer = std::shared_ptr<const BufferNode>;  // identity
Buffer make_buffer(std::string name, DType dtype, int64_t elements, Storage storage = Storage::param, bool written = false);

enum class ForKind : uint8_t { serial, parallel, vector, unrolled };
enum class StmtOp : uint8_t { for_loop, block, let, if_then_else, store, allocate, prefetch };

struct StmtNode;

class Stmt {
 public:
  Stmt() = default;
  explicit Stmt(StmtNode node);
  const StmtNode* operator->() const { return node_.get(); }
  const StmtNode& operator*() const { return *node_; }
  explicit operator bool() const { return node_ != nullptr; }
  bool same_as(const Stmt& other) const { return node_ == other.node_; }
  bool is(StmtOp op) const;
  const Stmt& body() const;

 private:
  std::shared_ptr<const StmtNode> node_;
};

struct StmtNode {
  StmtOp op;
  ForKind for_kind = ForKind::serial;
  Var var = {};                  // for_loop, let
  Buffer buffer = {};            // store, allocate, prefetch
  std::vector<Expr> exprs = {};  // for_loop: begin, extent; let: value; if: condition; store: index, value; prefetch: index
  std::vector<Stmt> body = {};   // for_loop, let, allocate: one; if: one or two; block: any
};

inline Stmt::Stmt(StmtNode node) : node_(std::make_shared<const StmtNode>(std::move(node))) {}
inline bool Stmt::is(StmtOp op) const { return node_ && node_->op == op; }
inline const Stmt& Stmt::body() const { return node_->body[0]; }

Stmt make_for(Var var, Expr begin, Expr extent, Stmt body, ForKind kind = ForKind::serial);
Stmt make_block(std::vector<Stmt> body);  // flattens nested blocks; a block of one is that one
Stmt make_let(Var var, Expr value, Stmt body);
Stmt make_if(Expr condition, Stmt then_body, Stmt else_body = {});
Stmt make_store(Buffer buffer, Expr index, Expr value);
Stmt make_allocate(Buffer buffer, Stmt body);
Stmt make_prefetch(Buffer buffer, Expr index);  // of a constant that is read soon

// Bottom-up: children first; f_expr sees whole top-level expressions of each statement.
Stmt rewrite(const Stmt& s, const std::function<Stmt(const Stmt&)>& f, const std::function<Expr(const Expr&)>& f_expr = {});
void visit(const Stmt& s, const std::function<void(const Stmt&)>& f);  // every statement, outer first
void visit_exprs(const Stmt& s, const std::function<void(const Expr&)>& f);  // every expression node of every statement
Stmt substitute(const Stmt& s, const std::vector<VarBinding>& bindings);
Stmt with_children(const Stmt& s, std::vector<Expr> exprs, std::vector<Stmt> body);

// A function over buffers. The parallel Fors that stand directly in each other at its outside (Lets may be between) are its tasks, in
// row-major order; without one there is one task.
struct PrimFunc {
  std::string name;
  std::vector<Buffer> params;  // storage param, in the order of the call
  Stmt body;
};
int64_t task_count(const PrimFunc& f);
int64_t scratch_bytes(const PrimFunc& f);  // of all worker_scratch allocations, each aligned to 64

// Canonical text: variables and buffers numbered in order of appearance when names collide. Parses back equal.
std::string to_string(const Stmt& s);
std::string to_string(const PrimFunc& f);
PrimFunc parse_prim_func(std::string_view text);  // Error names line and column

// Equal up to renaming of variables, buffers and the function.
bool structurally_equal(const PrimFunc& a, const PrimFunc& b);
// Text independent of names: equal for structurally equal functions only. The key for sharing kernels.
std::string structural_key(const PrimFunc& f);

// Throws InternalError: a variable out of scope, wrong types or lanes, a load from no known buffer, a vector loop of
// non-constant extent, a constant index outside its buffer, a parallel loop that is not outermost.
void verify(const PrimFunc& f);

// Runs all tasks. arguments[i] is the memory of params[i], `elements` long. Checks every index and that nothing unwritten
// is read from an allocation. Throws InternalError. Slow: for tests and small constants.
void interpret(const PrimFunc& f, const std::vector<void*>& arguments);

}  // namespace broach
