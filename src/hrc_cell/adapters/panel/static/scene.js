// The cell in space, drawn with three.js: floor, zones between their heights, the robot, people as the
// monitor judges them, the pair that binds. Frame as in REP-103: x ahead, y left, z up, metres. It is
// drawn when something has changed and shows what was told, nothing in between and nothing beyond.

import { AmbientLight, DirectionalLight, Group, Mesh, PerspectiveCamera, Scene, ShapeGeometry, Shape, Vector2, Vector3, WebGLRenderer } from "./vendor/three.module.min.js";
import { OrbitControls } from "./vendor/OrbitControls.js";
import { Robot } from "./links.js";
import { Capsule, circle, lines, prism, shape, solid, stroke } from "./shapes.js";

const TURN = Math.PI / 12;
const NEARER = 1.25;
const AXIS_M = 0.5;
const [LINE_M, OVER_M] = [0.012, 0.15];
const PIXELS_MAX = 2; // for each of the page's own
const NEW = { side: 0.3, back: 0.85, up: 0.6 }; // where the camera stands at first, by the size of the floor

export class CellScene {
  constructor(canvas, about, model, onDrawn) {
    this.canvas = canvas;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.setPixelRatio(Math.min(PIXELS_MAX, devicePixelRatio));
    this.onDrawn = onDrawn;
    this.model = model;
    this.scene = new Scene();
    this.paint = {
      floor: solid("--floor"), grid: stroke("--line"), edge: stroke("--soft"), axis: stroke("--ink"),
      zone: solid("--soft", 0.06), bound: solid("--yellow", 0.2), boundEdge: stroke("--yellow"),
      body: solid("--soft"), shell: solid("--ink", 0.14), binding: solid("--yellow", 0.5),
      person: solid("--soft", 0.55), unsure: solid("--soft", 0.28), old: solid("--line", 0.3),
      separation: solid("--ink"), near: solid("--yellow"),
    };
    this.light();
    this.floor(about);
    this.robot = new Robot(model, this.paint);
    this.people = new Group();
    this.line = new Group().add(...Array.from({ length: 4 }, () => new Capsule(this.paint.separation)));
    this.scene.add(this.robot, this.people, this.line);
    this.look(about.outline);
  }

  light() {
    const sun = new DirectionalLight(0xffffff, 2);
    sun.position.set(2, -3, 6);
    this.scene.add(new AmbientLight(0xffffff, 1.8), sun);
  }

  floor({ outline, zones }) {
    const flat = new Mesh(new ShapeGeometry(new Shape(outline.map(([x, y]) => new Vector2(x, y)))), this.paint.floor);
    flat.position.z = -0.005;
    const [xs, ys] = [0, 1].map((i) => outline.map((corner) => corner[i]));
    const [left, right, near, far] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const grid = [];
    for (let x = Math.ceil(left); x <= right; x += 1) grid.push([x, near, 0], [x, far, 0]);
    for (let y = Math.ceil(near); y <= far; y += 1) grid.push([left, y, 0], [right, y, 0]);
    const axes = [[AXIS_M, 0, 0], [0, AXIS_M, 0], [0, 0, AXIS_M]].flatMap((end) => [[0, 0, 0], end]);
    this.scene.add(flat, lines(grid, this.paint.grid), lines(axes, this.paint.axis));
    for (const at of this.model.scanners) {
      this.scene.add(shape({ kind: "box", size: [0.14, 0.14, 0.14], pose: [1, 0, 0, at[0], 0, 1, 0, at[1], 0, 0, 1, at[2], 0, 0, 0, 1] }, this.paint.body));
    }
    this.zones = zones.map((zone) => {
      const [low, high] = zone.band.length > 0 ? zone.band : [0, this.model.person_height];
      const [face, edge] = prism(zone.circle ? circle(zone.circle) : zone.polygon, low, high, this.paint.zone, this.paint.edge);
      this.scene.add(face, edge);
      return { name: zone.name, low, high, face, edge };
    });
  }

  look(outline) {
    this.camera = new PerspectiveCamera(45, 1, 0.05, 200);
    this.camera.up.set(0, 0, 1);
    this.scene.updateMatrixWorld(true);
    const robot = this.robot.tool.getWorldPosition(new Vector3()).toArray();
    const middle = [0, 1].map((i) => (outline.reduce((sum, corner) => sum + corner[i], 0) / outline.length + robot[i]) / 2);
    const size = Math.max(...[0, 1].map((i) => Math.max(...outline.map((c) => c[i])) - Math.min(...outline.map((c) => c[i]))));
    this.camera.position.set(middle[0] + NEW.side * size, middle[1] - NEW.back * size, NEW.up * size);
    this.controls = new OrbitControls(this.camera, this.canvas);
    this.controls.target.set(middle[0], middle[1], 0.4);
    this.controls.maxPolarAngle = Math.PI / 2; // not from under the floor
    this.controls.minDistance = 0.3;
    this.controls.maxDistance = 4 * size;
    this.controls.update();
    this.controls.saveState();
    this.controls.addEventListener("change", () => this.ask());
  }

  // What keys and controls do: every way of moving the camera that a drag has.
  turn(name) {
    const { controls } = this;
    ({
      left: () => controls.rotateLeft(TURN), right: () => controls.rotateLeft(-TURN),
      up: () => controls.rotateUp(TURN), down: () => controls.rotateUp(-TURN),
      nearer: () => controls.dollyIn(NEARER), farther: () => controls.dollyOut(NEARER),
      reset: () => controls.reset(),
    })[name]();
    controls.update();
    this.ask();
  }

  size(width, height) {
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / Math.max(1, height);
    this.camera.updateProjectionMatrix();
    this.ask();
  }

  // Takes what is known now. `old` says whose data are: those things are shown grey, where they were.
  take({ scene, humans, permit, old }) {
    this.known = this.robot.pose(scene?.angles ?? {});
    this.robot.visible = this.known;
    this.robot.dress(old.arm, permit?.cause === "separation" ? permit.link : "");
    this.crowd(scene?.people ?? [], humans ?? [], permit, old.people);
    this.separation(scene?.pair, permit, old.arm || old.people);
    const bound = permit?.cause === "zone" ? permit.culprit : "";
    for (const { name, face, edge } of this.zones) {
      face.material = name === bound ? this.paint.bound : this.paint.zone;
      edge.material = name === bound ? this.paint.boundEdge : this.paint.edge;
    }
    this.ask();
  }

  crowd(capsules, humans, permit, isOld) {
    const there = capsules.filter(({ from, to, r }) => ![...from, ...to, r].includes(null));
    this.unknown = [...new Set(capsules.filter((one) => !there.includes(one)).map(({ id }) => id))];
    while (this.people.children.length < there.length) this.people.add(new Capsule(this.paint.person));
    this.people.children.forEach((one, i) => {
      one.visible = i < there.length;
      if (!one.visible) return;
      const { id, from, to, r } = there[i];
      const sure = humans.find((human) => human.id === id)?.confirmed ?? false;
      const binds = permit?.cause === "separation" && permit.human === id;
      one.set(from, to, r);
      one.material = isOld ? this.paint.old : binds ? this.paint.binding : sure ? this.paint.person : this.paint.unsure;
      one.userData = { id, sure, top: [to[0], to[1], to[2] + r] };
    });
  }

  // The way that there is between the two, and over it, between two ends, the way that there must be.
  separation(pair, permit, isOld) {
    const shown = pair && !isOld && Number.isFinite(permit?.required);
    this.line.visible = Boolean(shown);
    this.pair = null;
    if (!shown) return;
    const [from, to] = [pair.from, pair.to];
    const needed = from.map((value, i) => value + permit.required * pair.way[i]);
    const over = ([x, y, z], by) => [x, y, z + by * OVER_M];
    const near = permit.distance !== null && permit.distance <= permit.required;
    const ways = [[from, to], [over(from, 1), over(needed, 1)], [over(from, 0.5), over(from, 1.5)], [over(needed, 0.5), over(needed, 1.5)]];
    ways.forEach(([start, end], i) => {
      const one = this.line.children[i].set(start, end, i === 0 ? 1.5 * LINE_M : LINE_M);
      one.material = near ? this.paint.near : this.paint.separation;
    });
    this.pair = { from, to, needed: over(needed, 1) };
  }

  ask() {
    this.asked ??= requestAnimationFrame(() => { this.asked = undefined; this.draw(); });
  }

  draw() {
    const style = getComputedStyle(document.documentElement);
    for (const one of Object.values(this.paint)) one.color.set(style.getPropertyValue(one.userData.colour).trim());
    this.renderer.render(this.scene, this.camera);
    this.onDrawn(this);
  }

  // Where a point of the cell stands on the canvas, in its own pixels; null behind the camera.
  onCanvas(at) {
    const { x, y, z } = new Vector3(...at).project(this.camera);
    return z > 1 ? null : [((x + 1) / 2) * this.canvas.clientWidth, ((1 - y) / 2) * this.canvas.clientHeight];
  }

  // Gives all memory of the graphics card back.
  dispose() {
    cancelAnimationFrame(this.asked);
    this.controls.dispose();
    this.scene.traverse((one) => one.geometry?.dispose());
    for (const one of Object.values(this.paint)) one.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}
