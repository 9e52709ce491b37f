"""A loss that becomes NaN: training stops, says where, and keeps the last finite weights."""

import numpy as np
import pytest

import layerwise as lw

random = np.random.default_rng(0)
X = random.standard_normal((200, 4)).astype(np.float32)
Y = (X @ [1.0, 2.0, 3.0, 4.0]).astype(np.float32)


def net():
    with lw.nn.seed(0):
        return lw.nn.Sequential(lw.nn.Linear(4, 8), lw.nn.ReLU(), lw.nn.Linear(8, 1))


def diverge(model, backend, **options):
    options = {"loss": "mse", "optimizer": lw.optim.SGD(50.0), "epochs": 20} | options
    with pytest.raises(lw.TrainingDiverged) as caught:
        lw.train(model, options.pop("data", (X, Y)), backend=backend.name, **options)
    return caught.value


def finite(model):
    return all(np.isfinite(v).all() for v in model.state_dict().values())


@pytest.mark.parametrize("chunk", [1e-9, 10.0])
def test_the_weights_before_it_are_kept(backend, chunk):
    model = net()
    error = diverge(model, backend, chunk_seconds=chunk)
    assert finite(model)
    assert error.run.stopped == "loss became NaN"
    assert error.epoch == 1 + error.step // 7
    assert error.run.steps == error.step
    # They are the weights of a training that ended there: one more step and they are not finite.
    again = net()
    second = diverge(again, backend, chunk_seconds=0.2)
    assert second.step == error.step
    assert all(np.array_equal(v, again.state_dict()[k]) for k, v in model.state_dict().items())


def test_the_message_names_layer_step_and_remedy(backend):
    error = diverge(net(), backend)
    text = str(error)
    assert "layer '" in text or "update made" in text or "loss became" in text
    assert "step" in text
    assert "Lower the learning rate (it was 50)" in text
    assert "clip_norm" in text


def test_large_inputs_are_named(backend):
    error = diverge(net(), backend, data=(X * 1e6, Y), optimizer=lw.optim.SGD(0.1))
    assert "bring the inputs to one scale" in str(error)


class LogOfNegative(lw.nn.Module):
    def forward(self, x):
        return lw.log(x)


def test_the_first_layer_is_named(backend):
    model = lw.nn.Sequential(lw.nn.Linear(4, 8), LogOfNegative(), lw.nn.Linear(8, 1))
    before = model.state_dict()
    error = diverge(model, backend, optimizer=lw.optim.SGD(0.01))
    assert error.layer == "1"
    assert error.step == 0
    assert "layer '1' (LogOfNegative())" in str(error)
    assert all(np.array_equal(before[k], v) for k, v in model.state_dict().items())


class RootAtZero(lw.nn.Module):
    def forward(self, x):
        return lw.sqrt(x * 0.0)


def test_a_gradient_that_is_not_finite(backend):
    model = lw.nn.Sequential(lw.nn.Linear(4, 8), RootAtZero(), lw.nn.Linear(8, 1))
    error = diverge(model, backend, optimizer=lw.optim.SGD(0.01))
    assert finite(model)
    assert error.step == 0
    assert "gradient that reaches layer '0'" in str(error)


def test_only_the_loss(backend):
    def broken(prediction, target):
        return lw.log(lw.square(prediction[:, 0]) * 0.0 - 1.0)

    error = diverge(net(), backend, loss=broken, optimizer=lw.optim.SGD(0.01))
    assert error.layer == "loss"
    assert "every layer's output was finite" in str(error)


def test_an_overflow_in_the_last_step_of_all(backend):
    """The loss never shows it, as no step follows."""
    model = net()
    error = diverge(model, backend, epochs=1, batch_size=200, optimizer=lw.optim.SGD(1e38))
    assert error.step == 0
    assert "the update made" in str(error)
    assert finite(model)


def test_a_later_epoch_and_validation(backend):
    """The rate grows until it is too large, long after the first snapshot."""

    class Growing(lw.optim.Schedule):
        def rates(self, base, first, steps, total_steps, steps_per_epoch):
            return base * 1.2 ** np.arange(first, first + steps)

    model = net()
    error = diverge(model, backend, schedule=Growing(), optimizer=lw.optim.SGD(1e-4),
                    epochs=100, validation=(X, Y), chunk_seconds=1e-9)  # fmt: skip
    assert error.epoch > 3
    assert len(error.run.history) == error.epoch - 1
    assert finite(model)
    assert not error.run.restored
